import { readFileSync } from "node:fs";

/**
 * How many processes the kernel has killed for want of memory around this one: in its control group where that can be read, else on this
 * machine. A rise between two readings makes an unexplained SIGKILL an out-of-memory kill. 0 where the system does not count.
 */
export function oomKills(): number {
  for (const file of counters()) {
    const count = /^oom_kill (\d+)$/m.exec(read(file));
    if (count) return Number(count[1]);
  }
  return 0;
}

function counters(): string[] {
  const files: string[] = [];
  for (const line of read("/proc/self/cgroup").split("\n")) {
    const [, controllers, path] = /^\d+:([^:]*):(.*)$/.exec(line) ?? [];
    if (controllers === "") files.push(`/sys/fs/cgroup${path}/memory.events`, "/sys/fs/cgroup/memory.events");
    if (controllers?.split(",").includes("memory")) files.push(`/sys/fs/cgroup/memory${path}/memory.oom_control`);
  }
  return [...files, "/proc/vmstat"];
}

function read(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return "";
  }
}
