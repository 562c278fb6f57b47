import { HOST } from "./resources.ts";

/** Who this process is, and what it can tell about others: for the lease. */
export interface ProcessIdentity {
  readonly host: string;
  readonly pid: number;
  /** Whether a process of a host is alive; `undefined` where that cannot be told. */
  alive(host: string, pid: number): boolean | undefined;
}

/** This process, as Node knows it. Processes of other hosts are beyond it. */
export function thisProcess(): ProcessIdentity {
  return {
    ...{ host: HOST, pid: process.pid },
    alive: (host, pid) => {
      if (host !== HOST || pid < 1) return undefined;
      // A container's first process has the same number each time: the one before is gone when we have it.
      if (pid === process.pid) return false;
      try {
        process.kill(pid, 0);
        return true;
      } catch (reason) {
        // Not ours to signal, but there.
        return (reason as NodeJS.ErrnoException).code === "EPERM";
      }
    },
  };
}
