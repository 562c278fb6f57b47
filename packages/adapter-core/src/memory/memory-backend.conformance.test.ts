import { describe, it } from "vitest";
import { backendCases, type Workload, type WorkloadCall } from "../conformance/index.ts";
import { backgroundClock } from "../engine/shell/system-clock.ts";
import { failurePickle } from "../formats/failure-pickle.ts";
import { MemoryBackend, type MemoryBackendOptions } from "./memory-backend.ts";
import { MemoryFleet } from "./memory-fleet.ts";
import { MemoryPayloadStore } from "./memory-payload-store.ts";
import type { MemoryOutcome, MemoryTask } from "./memory-task.ts";

const call = (name: string, arg: string | number): WorkloadCall => ({
  fn: Buffer.from(name),
  args: [Buffer.from(String(arg))],
});

const workload: Workload = {
  runner: "memory",
  serializer: Buffer.from("none"),
  echo: (text) => call("echo", text),
  sleep: (ms) => call("sleep", ms),
  raise: (text) => call("raise", text),
  exit: (code) => call("exit", code),
};

async function run({ fn, args, signal, index }: MemoryTask): Promise<MemoryOutcome> {
  const text = Buffer.from(args[0] ?? []).toString();
  switch (Buffer.from(fn).toString()) {
    case "sleep":
      await backgroundClock.sleep(Number(text), { signal });
      return { status: "ok", blob: Buffer.from("slept") };
    case "raise":
      return { status: "error", blob: failurePickle("runtime", text) };
    case "exit":
      return { status: "died", cause: { kind: "exit", reason: "ended", exitCode: Number(text), first: index === 0 } };
    default:
      return { status: "ok", blob: args[0] ?? new Uint8Array() };
  }
}

interface Variant {
  readonly name: string;
  readonly options: Partial<MemoryBackendOptions>;
  readonly outlives?: boolean;
}

const variants: readonly Variant[] = [
  { name: "with its defaults", options: {} },
  { name: "where jobs outlive it", options: {}, outlives: true },
  {
    name: "without hints, one child a job, several tasks a frame",
    options: { traits: { pushes: false, maxChildren: 1, inlineBytes: 0 }, tasksPerFrame: 3 },
  },
];

describe.each(variants)("MemoryBackend keeps the backend contract $name", ({ options, outlives }) => {
  const openPlace = async () => {
    const store = new MemoryPayloadStore();
    const fleet = new MemoryFleet();
    const reopen = async () => new MemoryBackend({ store, run, ...options, ...(outlives && { fleet }) });
    return { backend: await reopen(), store, reopen, [Symbol.asyncDispose]: () => store[Symbol.asyncDispose]() };
  };
  for (const { name, run: check } of backendCases({ openPlace, workload })) {
    // Without a flush timer, a frame of several tasks leaves only when it is full: these cases do not apply to it.
    const early = /while the pack still runs|keeps the results it gave/.test(name);
    if (early && "tasksPerFrame" in options) continue;
    it(name, check, 30_000);
  }
});
