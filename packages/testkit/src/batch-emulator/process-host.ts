import { type ChildProcess, spawn } from "node:child_process";
import { closeSync, openSync } from "node:fs";
import { constants } from "node:os";
import type { Container, ContainerHost, ContainerSpec } from "./container.ts";
import { ContainerGuard } from "./container-guard.ts";
import { killSession } from "./process-session.ts";

/** Runs each container as a fresh process in a session of its own, without a shell. */
export class ProcessHost implements ContainerHost {
  readonly #runner: readonly string[];
  readonly #live = new Set<ChildProcess>();
  readonly #guard = new ContainerGuard();

  /** @param runner - program and first arguments: the image's entry point */
  constructor(runner: readonly string[]) {
    this.#runner = runner;
  }

  async start(spec: ContainerSpec): Promise<Container> {
    const [file, ...first] = this.#runner;
    if (file === undefined) throw new Error("the emulator has no runner to start");
    const log = openSync(spec.logFile, "a");
    try {
      const child = spawn(file, [...first, ...spec.command], {
        env: { ...spec.environment },
        stdio: ["ignore", log, log],
        detached: true,
      });
      const { pid } = child;
      if (pid === undefined) throw await new Promise<Error>((resolve) => child.once("error", resolve));
      this.#live.add(child);
      this.#guard.add(pid);
      const ended = new Promise<number>((resolve) => {
        child.once("exit", (code, signal) => {
          this.#live.delete(child);
          // The container ends with its first process, whatever else runs in it.
          killGroup(pid, "SIGKILL");
          this.#guard.remove(pid);
          resolve(code ?? 128 + (signal === null ? 0 : constants.signals[signal]));
        });
      });
      return {
        pid,
        ended,
        kill: (signal) => {
          if (!this.#live.has(child)) return;
          if (signal === "SIGTERM") child.kill("SIGTERM");
          else killSession(pid);
        },
      };
    } finally {
      closeSync(log);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const ends = [...this.#live].map(
      (child) =>
        new Promise<void>((resolve) => {
          child.once("exit", () => resolve());
          if (child.pid !== undefined) killSession(child.pid);
        }),
    );
    await Promise.all(ends);
    this.#guard[Symbol.dispose]();
  }
}

function killGroup(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(-pid, signal);
  } catch {
    // Nobody is left in it: that is what was wanted.
  }
}
