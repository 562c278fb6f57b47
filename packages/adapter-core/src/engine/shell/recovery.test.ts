import { afterEach, expect, it } from "vitest";
import { EngineBed } from "../../../test-support/engine-bed.ts";
import type { AbortOptions } from "../../contracts/abort-options.ts";
import { AdapterError } from "../../contracts/adapter-error.ts";
import type { Backend, FoundJob } from "../../contracts/backend.ts";
import { leaseKey } from "../../formats/keys.ts";
import { decodeLease } from "../../formats/lease.ts";
import { ManualClock } from "../../memory/manual-clock.ts";
import { MemoryPayloadStore } from "../../memory/memory-payload-store.ts";
import { scripted } from "../../memory/scripted.ts";
import { newCounters } from "./counters.ts";
import { JobBook } from "./job-book.ts";
import { Recovery, type RecoveryOptions } from "./recovery.ts";

const SILENT = { debug() {}, info() {}, warn() {}, error() {} };
const JOB = { children: 1, profile: "default", runner: "python", secret: "5e".repeat(32), live: true };

let bed: EngineBed | undefined;

afterEach(() => {
  bed?.close();
  bed = undefined;
});

/** A recovery that finds jobs, stops those that cannot be used, and takes its time for that. */
function recoveryOf(found: readonly FoundJob[], store: MemoryPayloadStore) {
  const stops: string[] = [];
  const cancel: Backend["cancel"] = async ([ref], _reason, options) => {
    stops.push(`stopping ${ref?.job}`);
    await new Promise((resolve) => options?.signal?.addEventListener("abort", resolve));
    await new Promise((resolve) => setImmediate(resolve));
    stops.push(`over ${ref?.job}`);
  };
  const backend: Partial<Backend> = {
    traits: { inlineBytes: 0 } as Backend["traits"],
    cancel,
    list: async () => found,
    adopt: async () => found,
  };
  const host = {
    ...{ clock: new ManualClock(), log: SILENT, random: () => 0, counters: newCounters() },
    ...{ signal: new AbortController().signal, tell: () => {}, fail: () => {} },
  };
  const unused = { shared: {}, strays: { expect: () => {} } } as unknown as Pick<RecoveryOptions, "shared" | "strays">;
  const options = { ...unused, backend: backend as Backend, store, book: new JobBook(), managerId: "m1" };
  return { stops, recovery: new Recovery(host, options) };
}

const unusable = (name: string): FoundJob => ({ ...JOB, name, payload: { kind: "inline", bundle: Buffer.from("no") } });

it("fails only when nothing is being stopped any more, for the first reason, and begins nothing after that", async () => {
  const store = scripted(new MemoryPayloadStore(), { get: ["denied"] });
  await store.put("v1/in/m1/m1-1-2", Buffer.from("not to be read"));
  const refused: FoundJob = { ...JOB, name: "m1-1-2", payload: { kind: "bundle", key: "v1/in/m1/m1-1-2" } };
  const later = Array.from({ length: 20 }, (_, at) => unusable(`m1-1-${at + 10}`));
  const { recovery, stops } = recoveryOf([unusable("m1-1-1"), refused, ...later], store);
  await expect(recovery.run({ storeNowMs: 0, diedBeforeMs: undefined })).rejects.toThrow("[denied]");
  const of = (word: string): string[] => stops.filter((line) => line.startsWith(word)).sort();
  expect(of("stopping").length).toBeGreaterThan(0);
  expect(of("stopping").length).toBeLessThanOrEqual(8);
  expect(of("over").length).toBe(of("stopping").length);
});

it("settles when it is aborted, once nothing is being stopped any more", async () => {
  const { recovery, stops } = recoveryOf([unusable("m1-1-1")], new MemoryPayloadStore());
  const abort = new AbortController();
  const run = recovery.run({ storeNowMs: 0, diedBeforeMs: undefined }, { signal: abort.signal });
  const ended = expect(run).rejects.toThrow("enough");
  await expect.poll(() => stops).toEqual(["stopping m1-1-1"]);
  abort.abort(new AdapterError("unavailable", "enough"));
  await ended;
  expect(stops).toEqual(["stopping m1-1-1", "over m1-1-1"]);
});

it("is ended before the lease is given away", async () => {
  bed = new EngineBed();
  const { store, clock } = bed;
  store.script({ list: ["ok", "stall"] });
  const { engine } = bed.start();
  await clock.advance(100);
  const written = (): number => store.calls.put.length;
  expect(written()).toBe(1);
  let atAbort = 0;
  const [, options] = store.calls.list[1] ?? [];
  (options as AbortOptions).signal?.addEventListener("abort", () => {
    atAbort = written();
  });
  const stopped = engine.stop({ graceMs: 1_000 });
  await clock.advance(100);
  expect(await stopped).toMatchObject({ reason: "drained" });
  expect([atAbort, written()]).toEqual([1, 2]);
  const key = leaseKey("m1");
  expect(decodeLease(key, (await store.get(key))?.body ?? new Uint8Array()).released).toBe(true);
});
