import { afterEach, describe, expect, it } from "vitest";
import { type BedOptions, EngineBed } from "../../../test-support/engine-bed.ts";
import { leaseKey } from "../../formats/keys.ts";
import { decodeLease, encodeLease, type LeaseRecord } from "../../formats/lease.ts";

const beds: EngineBed[] = [];
const KEY = leaseKey("m1");

function bedOf(options?: BedOptions): EngineBed {
  const bed = new EngineBed(options);
  beds.push(bed);
  return bed;
}

async function leaseOf(bed: EngineBed): Promise<LeaseRecord> {
  const held = await bed.store.get(KEY);
  return decodeLease(KEY, held?.body ?? new Uint8Array());
}

const STRANGER: LeaseRecord = {
  ...{ epoch: 7, owner: "ab".repeat(16), host: "elsewhere", pid: 5, renewed: 0, released: false },
  workers: [{ id: `Worker|AWS|${"1".repeat(32)}`, profile: "default" }],
};

afterEach(() => {
  for (const bed of beds.splice(0)) bed.close();
});

describe("a manager whose jobs outlive it", () => {
  it("writes its workers down before the scheduler hears of them, and renews its lease", async () => {
    const bed = bedOf();
    bed.start();
    await bed.clock.until(() => bed.scheduler.workers.length === 1);
    const lease = await leaseOf(bed);
    expect(lease).toMatchObject({ epoch: 1, host: "h", pid: 100, released: false });
    expect(lease.workers.map(({ id }) => id)).toEqual(bed.scheduler.workers);
    await bed.clock.advance(20_000);
    const later = await leaseOf(bed);
    expect(later.renewed).toBeGreaterThan(14_000);
    expect(later.scheduler).toBe("scheduler-1");
    const puts = bed.store.calls.put.filter(([key]) => key === KEY);
    expect(puts.length).toBeLessThanOrEqual(6);
  });

  it("takes over at once from a process of this host that is gone: nothing is lost, nothing runs twice", async () => {
    const bed = bedOf();
    const first = bed.start();
    const tasks = ["a", "b", "c", "d", "e", "f"].map((name) => bed.task(name, 2_000));
    await bed.clock.until(() => bed.running().length > 0);
    await bed.clock.advance(500);
    const workers = bed.scheduler.workers;
    bed.kill(first);
    await bed.clock.advance(3_000);
    const second = bed.start();
    await bed.clock.until(() => tasks.every((task) => task.settled));
    for (const [at, task] of tasks.entries()) {
      expect(Buffer.from((await task.end).bytes).toString()).toBe(`did ${"abcdef"[at]}`);
    }
    expect([...bed.runs.values()]).toEqual([1, 1, 1, 1, 1, 1]);
    expect(bed.scheduler.breaches).toEqual([]);
    const told = bed.lines.filter((line) => line.includes("took over"));
    expect(told).toEqual([expect.stringMatching(/what an earlier process left .*"tasks":4,"results":4,/)]);
    expect(second.engine.stats()).toMatchObject({ epoch: 2 });
    expect(second.engine.stats().adoptedJobs).toBeGreaterThan(0);
    await bed.clock.advance(30_000);
    // The old id has left, and is not written down any more.
    expect(bed.scheduler.workers).not.toContain(workers[0]);
    expect((await leaseOf(bed)).workers).toHaveLength(1);
    expect(bed.keys()).toEqual([]);
    expect(bed.running()).toEqual([]);
  });

  it("takes a released lease at once, and that of a process that it cannot see when it was not renewed for a while", async () => {
    const bed = bedOf();
    await bed.store.put(KEY, encodeLease({ ...STRANGER, released: true, workers: [] }));
    const first = bed.start();
    await bed.clock.advance(100);
    expect(first.engine.stats()).toMatchObject({ epoch: 8, connected: 1 });

    const slow = bedOf();
    await slow.store.put(KEY, encodeLease(STRANGER));
    const second = slow.start();
    await slow.clock.advance(14_000);
    expect(second.engine.stats()).toMatchObject({ epoch: 0, workers: 0 });
    expect(slow.lines.filter((line) => line.includes("waiting whether it is alive"))).toHaveLength(1);
    await slow.clock.advance(3_000);
    expect(second.engine.stats()).toMatchObject({ epoch: 8 });
    expect((await leaseOf(slow)).workers.map(({ id }) => id)).toContain(STRANGER.workers[0]?.id);
    // Neither had left a job.
    expect([...bed.lines, ...slow.lines].filter((line) => line.includes("took over"))).toEqual([]);
  });

  it("refuses to be a second manager of one id, and leaves the first alone", async () => {
    const bed = bedOf();
    const first = bed.start(undefined, { self: { host: "other", pid: 9, alive: () => undefined } });
    const task = bed.task("a", 30_000);
    await bed.clock.advance(1_000);
    const second = bed.start();
    const refused = expect(second.engine.finished).rejects.toThrow(
      "[conflict] another manager with id manager is alive on host other (process 9); stop it or choose another --worker-manager-id",
    );
    await bed.clock.advance(10_000);
    await refused;
    await bed.clock.until(() => task.settled);
    expect(first.engine.stats()).toMatchObject({ done: 1, epoch: 1 });
    expect(bed.runs.get("a")).toBe(1);
  });

  it("stops without touching anything when its lease was taken from it", async () => {
    const bed = bedOf();
    const first = bed.start();
    bed.task("a", 60_000);
    await bed.clock.advance(1_000);
    // What the other has stored since is not taken for a stray, though this process knows nothing of it.
    for (const key of ["v1/out/m1/m1-2-1.0.1.0", "v1/in/m1/m1-2-1"]) await bed.store.put(key, Buffer.from("not ours"));
    const keys = bed.keys();
    await bed.store.put(KEY, encodeLease({ ...STRANGER, epoch: 2 }));
    const lost = expect(first.engine.finished).rejects.toThrow("alive on host elsewhere (process 5)");
    await bed.clock.advance(6_000);
    await lost;
    expect(bed.keys()).toEqual(keys);
    expect(bed.running()).toHaveLength(1);
    expect(bed.scheduler.left).toEqual([]);
    expect((await leaseOf(bed)).owner).toBe(STRANGER.owner);
  });

  it("that stood still is replaced, and when it wakes up it ends without having harmed the one that came after it", async () => {
    for (let moment = 300; moment <= 4_000; moment += 370) {
      const bed = bedOf({ traits: { inlineBytes: 0 }, slots: 2 });
      const first = bed.start(undefined, { self: { host: "other", pid: 9, alive: () => undefined } });
      const tasks = ["a", "b", "c", "d", "e", "f"].map((name) => bed.task(name, 1_500));
      await bed.clock.advance(moment);
      first.life.pause();
      await bed.clock.advance(10_000);
      const second = bed.start();
      await bed.clock.until(() => second.engine.stats().epoch === 2, 30_000);
      const ended = expect(first.engine.finished).rejects.toThrow(
        "[conflict] another manager with id manager is alive on host h",
      );
      first.life.resume();
      await bed.clock.advance(8_000);
      await ended;
      await bed.clock.until(() => tasks.every((task) => task.settled));
      for (const [at, task] of tasks.entries()) {
        expect(Buffer.from((await task.end).bytes).toString()).toBe(`did ${"abcdef"[at]}`);
      }
      expect([...bed.runs.values()].filter((runs) => runs !== 1)).toEqual([]);
      const stopped = second.engine.stop({ graceMs: 60_000 });
      await bed.clock.advance(70_000);
      expect(await stopped).toMatchObject({ reason: "drained" });
      expect([...bed.keys(), ...bed.running()]).toEqual([]);
    }
  });

  it("submits nothing after a stall before it knows that it still is the manager", async () => {
    const bed = bedOf();
    const first = bed.start();
    await bed.clock.advance(500);
    // The store is out of reach for so long that another process could have taken over.
    bed.store.script({ put: Array.from({ length: 40 }, () => "unavailable" as const) });
    await bed.clock.advance(18_000);
    bed.store.place.objects.set(KEY, {
      bytes: encodeLease({ ...STRANGER, epoch: 2 }),
      etag: "other",
      modifiedMs: bed.clock.now(),
    });
    bed.task("a");
    const lost = expect(first.engine.finished).rejects.toThrow("[conflict]");
    await bed.clock.advance(120_000);
    await lost;
    expect(bed.fleet.jobs.size).toBe(0);
  });

  it("hands off: the next process goes on with its workers, jobs and results", async () => {
    const bed = bedOf();
    const first = bed.start();
    const tasks = ["a", "b", "c", "d", "e", "f"].map((name) => bed.task(name, 5_000));
    await bed.clock.advance(1_000);
    const stopped = first.engine.stop({ graceMs: 1_000, onExit: "hand-off" });
    await bed.clock.advance(2_000);
    expect(await stopped).toMatchObject({ reason: "handed-off" });
    expect(bed.scheduler.left).toEqual([]);
    const lease = await leaseOf(bed);
    expect(lease.released).toBe(true);
    expect(lease.workers.map(({ id }) => id)).toEqual(bed.scheduler.workers);
    bed.kill(first);
    bed.start();
    await bed.clock.until(() => tasks.every((task) => task.settled));
    expect([...bed.runs.values()]).toEqual([1, 1, 1, 1, 1, 1]);
    expect(bed.scheduler.breaches).toEqual([]);
  });

  it("terminates: nothing is left but a released lease", async () => {
    const bed = bedOf({ remote: true, traits: { inlineBytes: 0 } });
    const first = bed.start();
    bed.task("a", 100_000);
    await bed.clock.advance(1_000);
    await bed.store.put("v1/in/m1/m1-1-77", Buffer.from("left"));
    const stopped = first.engine.stop({ graceMs: 1_000 });
    await bed.clock.advance(5_000);
    expect(await stopped).toMatchObject({ reason: "stopped" });
    expect(bed.keys()).toEqual([]);
    expect(bed.running()).toEqual([]);
    expect(await leaseOf(bed)).toMatchObject({ released: true, workers: [] });
  });

  it("ends while it still waits for the lease", async () => {
    const bed = bedOf();
    await bed.store.put(KEY, encodeLease(STRANGER));
    const { engine } = bed.start();
    await bed.clock.advance(1_000);
    const stopped = engine.stop({ graceMs: 1_000 });
    await bed.clock.advance(1_000);
    expect(await stopped).toMatchObject({ reason: "drained" });
    expect((await leaseOf(bed)).owner).toBe(STRANGER.owner);
  });

  it("stops jobs that run for nobody, and clears what nobody needs from the store", async () => {
    const bed = bedOf({ traits: { visibilityDelayMs: 2_000, inlineBytes: 0 } });
    const first = bed.start();
    bed.task("a", 600_000);
    await bed.clock.advance(5_000);
    bed.kill(first);
    const [job] = bed.running();
    const spec = bed.fleet.jobs.get(job ?? "")?.spec;
    // Its bundle was changed, so nobody may say what it runs.
    const key = bed.keys()[0] ?? "";
    await bed.store.put(key, Buffer.from("changed"));
    await bed.store.put("v1/in/m1/m1-1-99", Buffer.from("a submit that never was"));
    await bed.store.put("v1/out/m1/m1-1-98.0.1.0", Buffer.from("a result of a job that is forgotten"));
    await bed.store.put(`v1/in/m1/objects/${"a".repeat(64)}`, Buffer.from("shared by nobody"));
    const second = bed.start();
    await bed.clock.advance(20_000);
    expect(bed.lines.some((line) => line.includes("cannot be taken over"))).toBe(true);
    expect(bed.running()).not.toContain(job);
    expect(second.engine.stats()).toMatchObject({ orphans: 1, adoptedJobs: 0 });
    // A submit of the process before that shows late.
    if (spec === undefined) throw new Error("there was no job");
    bed.fleet.add({ ...spec, name: "m1-1-50" }, bed.clock.now());
    await bed.clock.advance(180_000);
    expect(second.engine.stats()).toMatchObject({ orphans: 2 });
    expect(bed.keys().filter((left) => !left.startsWith("v1/in/m1/m1-2-"))).toEqual([]);
  });

  it("waits a little for a job whose submit may have been under way, and then takes it over", async () => {
    const bed = bedOf({ traits: { visibilityDelayMs: 3_000 } });
    const first = bed.start();
    const task = bed.task("a", 10_000);
    await bed.clock.until(() => bed.running().length > 0);
    bed.kill(first);
    // Inline: nothing in the store tells of it.
    expect(bed.keys()).toEqual([]);
    await bed.clock.advance(100);
    bed.start();
    await bed.clock.until(() => task.settled);
    expect(bed.runs.get("a")).toBe(1);
  });

  it("gives no name twice where the lease was lost", async () => {
    const bed = bedOf();
    const first = bed.start();
    const task = bed.task("a", 5_000);
    await bed.clock.until(() => bed.running().length > 0);
    bed.kill(first);
    await bed.store.delete([KEY]);
    const second = bed.start();
    await bed.clock.advance(200);
    expect(second.engine.stats()).toMatchObject({ epoch: 2, adoptedJobs: 1 });
    expect((await leaseOf(bed)).epoch).toBe(2);
    // Its worker is not known any more, so the task goes on unclaimed until the scheduler gives it to us again.
    const later = bed.task("b", 100);
    await bed.clock.until(() => later.settled);
    expect([...bed.fleet.jobs.keys()].sort()).toEqual(["m1-1-1", "m1-2-1"]);
    expect(task.settled).toBe(false);
  });

  it("ends with the reason where what was left cannot be looked at", async () => {
    const bed = bedOf();
    bed.store.script({ list: ["denied"] });
    const { engine } = bed.start();
    const refused = expect(engine.finished).rejects.toThrow("[denied]");
    await bed.clock.advance(1_000);
    await refused;
    expect(await leaseOf(bed)).toMatchObject({ released: true });
    expect(bed.clock.sleeping).toBe(0);
  });

  it("waits while the store and the backend are out of reach, and takes over then", async () => {
    const bed = bedOf({ traits: { inlineBytes: 0 } });
    const first = bed.start();
    const task = bed.task("a", 20_000);
    await bed.clock.until(() => bed.running().length > 0);
    bed.kill(first);
    bed.store.script({ get: ["unavailable", "ok", "throttled"], list: ["ok", "unavailable"] });
    const second = bed.start();
    await bed.clock.until(() => task.settled);
    expect(second.engine.stats().storageRetries).toBeGreaterThanOrEqual(2);
    expect(bed.runs.get("a")).toBe(1);
  });
});
