import { expect, it } from "vitest";
import type { RunnerRecord } from "../../contracts/runner.ts";
import { failurePickle } from "../../formats/failure-pickle.ts";
import { ManualClock } from "../../memory/manual-clock.ts";
import { MemoryObjects } from "../../memory/memory-objects.ts";
import { ObjectCache } from "../../objects/object-cache.ts";
import { ClientRunners } from "./client-runners.ts";
import { newCounters } from "./counters.ts";
import { serializerId } from "./serializer-id.ts";

const PLAIN = "aa";
const OTHER = "bb";
const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString("latin1");

const plain: RunnerRecord = { name: "plain", protocol: 1, order: 100, matches: (head) => head[0] === 0x80 };
const other: RunnerRecord = {
  name: "other",
  protocol: 1,
  matches: (head) => text(head).includes("other"),
  failure: (kind, message) => Buffer.from(`${kind}: ${message}`),
};

function setup(records: readonly RunnerRecord[] = [plain, other], refused?: string) {
  const clock = new ManualClock();
  const objects = new MemoryObjects(clock);
  const { signal } = new AbortController();
  const quiet = (): void => undefined;
  const log = { debug: quiet, info: quiet, warn: quiet, error: quiet };
  const host = { clock, log, random: () => 0.5, counters: newCounters(), signal, tell: quiet, fail: quiet };
  objects.put(serializerId(PLAIN), Buffer.from("\x80\x05plain.", "latin1"));
  objects.put(serializerId(OTHER), Buffer.from("\x80\x04\x8c\x07other/10}.", "latin1"));
  const refusal = (runner: string) => (runner === refused ? "there is no image for it" : undefined);
  const runners = new ClientRunners(host, new ObjectCache({ objects, clock, signal }), records, refusal);
  return { clock, objects, runners };
}

it("finds the runner by the serializer, in order, and reads that once", async () => {
  const { objects, runners } = setup();
  expect(await runners.find(PLAIN)).toBe(plain);
  expect(await runners.find(OTHER)).toBe(other);
  expect(await runners.find(OTHER)).toBe(other);
  expect(objects.gets).toHaveLength(2);
});

it("says whom nobody understands", async () => {
  const { runners } = setup([{ ...plain, matches: () => false }]);
  expect(await runners.find(OTHER)).toBe(
    "no installed runner understands this client's serializer (it says other/1); installed: plain",
  );
  expect(await runners.find(PLAIN)).toBe("no installed runner understands this client's serializer; installed: plain");
  expect(text(await runners.failure(PLAIN, "runtime", "why"))).toBe(text(failurePickle("runtime", "why")));
});

it("tells each client of failures in its language, also one that was never looked at", async () => {
  const { runners } = setup();
  expect(text(await runners.failure(OTHER, "timeout", "late"))).toBe("timeout: late");
  expect(text(await runners.failure(PLAIN, "timeout", "late"))).toBe(text(failurePickle("timeout", "late")));
  runners.forget(OTHER);
  expect(text(await runners.failure(OTHER, "memory", "full"))).toBe("memory: full");
});

it("says what the backend cannot run, in the client's language", async () => {
  const { runners } = setup([plain, other], "other");
  const text = "this manager cannot run tasks for the runner other: there is no image for it";
  expect(await runners.find(OTHER)).toBe(text);
  expect(await runners.find(OTHER)).toBe(text);
  expect(await runners.find(PLAIN)).toBe(plain);
  expect(Buffer.from(await runners.failure(OTHER, "runtime", text)).toString()).toBe(`runtime: ${text}`);
});

it("keeps no failure waiting for a client that is gone", async () => {
  const { clock, runners } = setup();
  const failure = runners.failure("cc", "worker-died", "gone");
  await clock.advance(5_000);
  expect(text(await failure)).toBe(text(failurePickle("worker-died", "gone")));
});
