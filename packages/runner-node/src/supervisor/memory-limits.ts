import { totalmem } from "node:os";
import { memoryFiles, textOf } from "./control-groups.ts";

const MIB = 1024 * 1024;

/** Names the memory of tasks in MiB where neither the container nor Node's own default shall decide. */
const MEMORY_VARIABLE = "SCALER_RUNNER_MEMORY_MIB";

/** Part of the container's memory that the JavaScript heap of tasks may take, and that all of the runner may. */
const HEAP_PART = 0.75;
const ALL_PART = 0.92;
/** What both processes need beside the heap of tasks, in bytes: Node itself, the young generation. */
const OWN_BYTES = 256 * MIB;

/** How much memory tasks may take. */
export interface MemoryLimits {
  /** JavaScript heap of an executor, in MiB. */
  readonly heapMiB: number;
  /** Resident memory of supervisor and executor together at which the running task is ended, in bytes: buffers are not on the heap. */
  readonly residentBytes: number;
  /** What the container has, or else the machine, in bytes. */
  readonly machineBytes: number;
  /** Something limits the heap: it is not Node's own default. */
  readonly limited: boolean;
  /** Where the limit comes from, for the text of a failure. */
  readonly source: string;
}

/**
 * Finds the limits: what the environment names; else what is left of the container's memory. Outside of a container, where a machine is shared,
 * the heap has Node's own default.
 */
export function memoryLimits(environment: NodeJS.ProcessEnv = process.env, root = ""): MemoryLimits {
  const named = Number(environment[MEMORY_VARIABLE]);
  const container = containerLimit(root);
  const machine = totalmem();
  const machineBytes = Math.min(container ?? machine, machine);
  if (Number.isInteger(named) && named >= 16) {
    const residentBytes = named * MIB + OWN_BYTES;
    return { heapMiB: named, residentBytes, machineBytes, limited: true, source: MEMORY_VARIABLE };
  }
  const residentBytes = machineBytes * ALL_PART;
  if (machineBytes < machine) {
    const heapMiB = Math.max(16, Math.floor((machineBytes * HEAP_PART) / MIB));
    return { heapMiB, residentBytes, machineBytes, limited: true, source: "the container's memory" };
  }
  const heapMiB = Math.floor(process.getBuiltinModule("node:v8").getHeapStatistics().heap_size_limit / MIB);
  return { heapMiB, residentBytes, machineBytes, limited: false, source: `Node's default, see ${MEMORY_VARIABLE}` };
}

/** The least limit of the control groups that this process is in, in bytes. */
function containerLimit(root: string): number | undefined {
  const limits = memoryFiles("memory.max", "memory.limit_in_bytes", root)
    .map((file) => textOf(file)?.trim())
    .filter((text) => text !== undefined && /^\d+$/.test(text))
    .map(Number);
  return limits.length === 0 ? undefined : Math.min(...limits);
}
