import { readFileSync } from "node:fs";
import { totalmem } from "node:os";
import { getHeapStatistics } from "node:v8";

const MIB = 1024 * 1024;

/** Names the memory of tasks in MiB where neither the container nor Node's own default shall decide. */
const MEMORY_VARIABLE = "SCALER_RUNNER_MEMORY_MIB";

/** Part of the container's memory that the JavaScript heap of tasks may take, and that all of the runner may. */
const HEAP_PART = 0.75;
const ALL_PART = 0.92;
/** What the process needs beside the heap of tasks, in bytes: Node itself, the young generation. */
const OWN_BYTES = 256 * MIB;

/** How much memory tasks may take. */
export interface MemoryLimits {
  /** JavaScript heap of the thread that runs tasks, in MiB. */
  readonly heapMiB: number;
  /** Resident memory of the whole process at which the running task is ended, in bytes: buffers are not on the heap. */
  readonly residentBytes: number;
  /** Where the limit comes from, for the text of a failure. */
  readonly source: string;
}

/**
 * Finds the limits: what the environment names; else what is left of the container's memory. Outside of a container, where a machine is shared,
 * the heap has Node's own default.
 */
export function memoryLimits(environment: NodeJS.ProcessEnv = process.env, root = ""): MemoryLimits {
  const named = Number(environment[MEMORY_VARIABLE]);
  if (Number.isInteger(named) && named >= 16) {
    return { heapMiB: named, residentBytes: named * MIB + OWN_BYTES, source: MEMORY_VARIABLE };
  }
  const container = containerLimit(root);
  const machine = totalmem();
  if (container !== undefined && container < machine) {
    const heapMiB = Math.max(16, Math.floor((container * HEAP_PART) / MIB));
    return { heapMiB, residentBytes: container * ALL_PART, source: "the container's memory" };
  }
  const heapMiB = Math.floor(getHeapStatistics().heap_size_limit / MIB);
  return { heapMiB, residentBytes: machine * ALL_PART, source: `Node's default, see ${MEMORY_VARIABLE}` };
}

/** The least limit of the control groups that this process is in, in bytes; a container sees its own group as the root of the mount. */
function containerLimit(root: string): number | undefined {
  const limits: number[] = [];
  for (const line of (textOf(`${root}/proc/self/cgroup`) ?? "").split("\n")) {
    const [, controllers, path = ""] = /^\d+:([^:]*):(.*)$/.exec(line) ?? [];
    if (controllers === "") limits.push(...alongPath(`${root}/sys/fs/cgroup`, path, "memory.max"));
    else if (controllers?.split(",").includes("memory")) {
      limits.push(...alongPath(`${root}/sys/fs/cgroup/memory`, path, "memory.limit_in_bytes"));
    }
  }
  return limits.length === 0 ? undefined : Math.min(...limits);
}

/** The limits in the folder of a group and in those of its parents. */
function alongPath(mount: string, path: string, file: string): number[] {
  const parts = path.split("/").filter((part) => part !== "" && part !== "..");
  return parts
    .concat("")
    .map((_, count) => textOf([mount, ...parts.slice(0, count), file].join("/"))?.trim())
    .filter((text) => text !== undefined && /^\d+$/.test(text))
    .map(Number);
}

function textOf(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return undefined;
  }
}
