import { beforeEach, describe, expect, it } from "vitest";
import { leaseKey } from "../../formats/keys.ts";
import { decodeLease, type LeaseRecord } from "../../formats/lease.ts";
import { ManualClock } from "../../memory/manual-clock.ts";
import { MemoryPayloadStore } from "../../memory/memory-payload-store.ts";
import { newCounters } from "./counters.ts";
import { Lease } from "./lease.ts";

const SILENT = { debug() {}, info() {}, warn() {}, error() {} };
const A = `Worker|AWS|${"a".repeat(32)}`;

let clock = new ManualClock();
let store = new MemoryPayloadStore({ now: () => clock.now() });

beforeEach(() => {
  clock = new ManualClock();
  store = new MemoryPayloadStore({ now: () => clock.now() });
});

/** The lease of one process, which dies by not being called any more; all are of one host, which knows that the one before is gone. */
function leaseOf(pid: number): Lease {
  const host = {
    ...{ clock, log: SILENT, random: () => 0, counters: newCounters(), signal: new AbortController().signal },
    ...{ tell: () => {}, fail: () => {} },
  };
  return new Lease(host, {
    ...{ store, managerId: "m1", workerManagerId: "manager", wallNow: () => 0 },
    self: { host: "h", pid, alive: () => false },
    keeps: () => false,
    onLost: () => {},
  });
}

async function written(): Promise<LeaseRecord> {
  const key = leaseKey("m1");
  return decodeLease(key, (await store.get(key))?.body ?? new Uint8Array());
}

describe("how long a worker was not answered", () => {
  it("adds up over processes that die before they renew what they took", async () => {
    const first = leaseOf(1);
    await first.take();
    await first.note(A, "default");
    await clock.advance(25_000);
    expect((await leaseOf(2).take()).workers).toEqual([{ id: A, profile: "default", silentMs: 25_000 }]);
    await clock.advance(30_000);
    expect((await leaseOf(3).take()).workers).toEqual([{ id: A, profile: "default", silentMs: 55_000 }]);
    expect((await written()).workers).toEqual([{ id: A, profile: "default", silent: 55_000 }]);
  });
});
