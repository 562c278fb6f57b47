import { beforeEach, describe, expect, it } from "vitest";
import { EngineBed } from "../../../test-support/engine-bed.ts";
import { leaseKey } from "../../formats/keys.ts";
import { decodeLease, type LeaseRecord } from "../../formats/lease.ts";
import { ManualClock } from "../../memory/manual-clock.ts";
import { MemoryPayloadStore } from "../../memory/memory-payload-store.ts";
import { scripted } from "../../memory/scripted.ts";
import { newCounters } from "./counters.ts";
import { Lease } from "./lease.ts";

const SILENT = { debug() {}, info() {}, warn() {}, error() {} };
const A = `Worker|AWS|${"a".repeat(32)}`;
const B = `Worker|AWS|${"b".repeat(32)}`;

let clock = new ManualClock();
let store = scripted(new MemoryPayloadStore({ now: () => clock.now() }));

beforeEach(() => {
  clock = new ManualClock();
  store = scripted(new MemoryPayloadStore({ now: () => clock.now() }));
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

  it("is not lost with the answer to the put that takes the lease", async () => {
    const first = leaseOf(1);
    await first.take();
    await first.note(A, "default");
    await clock.advance(25_000);
    store.script({ put: [{ after: "unavailable" }] });
    const taken = leaseOf(2).take();
    await clock.advance(1_000);
    const [worker] = (await taken).workers;
    expect(worker?.silentMs).toBeGreaterThanOrEqual(25_000);
    expect(worker?.silentMs).toBeLessThanOrEqual(26_000);
  });
});

describe("worker ids of processes that ended", () => {
  it("do not pile up while no scheduler is there: one that was never connected is not left to the next process", async () => {
    for (let pid = 1; pid <= 3; pid += 1) {
      const lease = leaseOf(pid);
      await lease.take();
      await lease.note(`Worker|AWS|${String(pid).repeat(32)}`, "default");
      await lease.release({ keepWorkers: true });
      expect((await written()).workers).toEqual([]);
    }
  });

  it("do not pile up in starts that find no scheduler", async () => {
    const bed = new EngineBed({ engine: { connectTimeoutMs: 1_000 } });
    bed.scheduler.reachable = false;
    for (let starts = 0; starts < 3; starts += 1) {
      const process = bed.start();
      const refused = expect(process.engine.finished).rejects.toThrow("no connection to the scheduler within 1 s");
      await bed.clock.advance(2_000);
      await refused;
      bed.kill(process);
    }
    const held = await bed.store.get(leaseKey("m1"));
    expect(decodeLease("k", held?.body ?? new Uint8Array())).toMatchObject({ epoch: 3, released: true, workers: [] });
    bed.close();
  });

  it("are left when the scheduler may know them, and dropped at a take when it has given them up", async () => {
    const first = leaseOf(1);
    await first.take();
    await first.note(A, "default");
    first.announces(A);
    await clock.advance(30_000);
    await first.note(B, "default");
    first.announces(B);
    await first.release({ keepWorkers: true });
    expect((await written()).workers.map(({ id }) => id)).toEqual([A, B]);
    await clock.advance(31_000);
    expect((await leaseOf(2).take()).workers).toEqual([{ id: B, profile: "default", silentMs: 31_000 }]);
    expect((await written()).workers.map(({ id }) => id)).toEqual([B]);
  });

  it("are dropped at a release when the scheduler has given them up, also those that another process left", async () => {
    const first = leaseOf(1);
    await first.take();
    await first.note(A, "default");
    first.announces(A);
    const second = leaseOf(2);
    await second.take();
    await clock.advance(40_000);
    await second.release({ keepWorkers: true });
    expect((await written()).workers).toEqual([{ id: A, profile: "default", silent: 40_000 }]);
    const third = leaseOf(3);
    await third.take();
    await clock.advance(21_000);
    await third.release({ keepWorkers: true });
    expect((await written()).workers).toEqual([]);
  });
});
