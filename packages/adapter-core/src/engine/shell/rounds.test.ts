import { afterEach, describe, expect, it } from "vitest";
import { type BedOptions, EngineBed } from "../../../test-support/engine-bed.ts";
import { Pace } from "./pace.ts";

const beds: EngineBed[] = [];

function bedOf(options?: BedOptions): EngineBed {
  const bed = new EngineBed(options);
  beds.push(bed);
  return bed;
}

afterEach(() => {
  for (const bed of beds.splice(0)) bed.close();
});

/** Listings of frames, without those of the start. */
function listings(bed: EngineBed): number {
  return bed.store.calls.list.filter(([prefix]) => String(prefix).startsWith("v1/out/")).length - 1;
}

describe("Pace", () => {
  it("follows how long children run, and how long nothing changed, within the backend's limits", () => {
    const pace = new Pace({ pollMs: 200, pollMostMs: 5_000 });
    pace.changed(0);
    expect(pace.periodMs(0)).toBe(200);
    expect(pace.periodMs(10_000)).toBe(1_000);
    expect(pace.periodMs(600_000)).toBe(5_000);
    pace.changed(600_000);
    expect(pace.periodMs(600_000)).toBe(200);
    pace.ran(10_000, 1);
    expect(pace.periodMs(600_000)).toBe(1_000);
    for (let child = 0; child < 50; child += 1) pace.ran(100, 1);
    expect(pace.periodMs(600_000)).toBe(200);
  });

  it("looks more often where children hold several tasks, and learns nothing from one that gave nothing", () => {
    const pace = new Pace({ pollMs: 200, pollMostMs: 5_000 });
    pace.ran(10_000, 20);
    expect(pace.periodMs(0)).toBe(500);
    pace.ran(0, 20);
    expect(pace.periodMs(0)).toBe(500);
  });

  it("asks a backend that pushes for safety only, at its own pace", () => {
    const pace = new Pace({ pollMs: 1_000, pollMostMs: 5_000, pushes: true });
    pace.changed(0);
    expect(pace.periodMs(100_000)).toBe(1_000);
  });
});

describe("rounds", () => {
  it("asks nothing while no job is live", async () => {
    const bed = bedOf();
    bed.start();
    await bed.clock.advance(10_000);
    const before = listings(bed);
    await bed.clock.advance(40_000);
    // But for the search for strays.
    expect(listings(bed) - before).toBeLessThanOrEqual(1);
  });

  it("lists once for all jobs, seldom while long tasks run, and is there soon when they end", async () => {
    const bed = bedOf({ slots: 20, core: { maxTasksPerPack: 1 } });
    bed.start();
    const tasks = Array.from({ length: 20 }, (_, at) => bed.task(`t${at}`, 30_000));
    const begun = bed.clock.now();
    await bed.clock.until(() => tasks.every((task) => task.settled));
    expect(bed.clock.now() - begun).toBeLessThan(32_500);
    expect(listings(bed)).toBeLessThan(80);
  });

  it("ends a child with its last frame, before the backend says so", async () => {
    const bed = bedOf({ slots: 1 });
    const { engine } = bed.start();
    const [first, second] = [bed.task("a", 500), bed.task("b", 500)];
    await bed.clock.until(() => first.settled && second.settled);
    expect(engine.stats()).toMatchObject({ done: 2, failures: {} });
    expect(bed.scheduler.breaches).toEqual([]);
  });

  it("reads one frame and spends a share of a request for everything else, a task", async () => {
    const bed = bedOf({
      ...{ slots: 100, remote: true, core: { maxTasksPerPack: 1 } },
      traits: { inlineBytes: 0, maxChildren: 1_000, window: { quietMs: 20, maxMs: 100 } },
    });
    bed.start();
    const tasks = Array.from({ length: 1_000 }, (_, at) => bed.task(`t${at}`, 1_000));
    await bed.clock.until(() => tasks.every((task) => task.settled));
    await bed.clock.advance(10_000);
    const own = (calls: readonly (readonly unknown[])[]): number =>
      calls.filter(([key]) => !String(key).endsWith("/lease")).length;
    const { get, put, list } = bed.store.calls;
    // The fleet writes its frames through the same store, one a child, and reads a bundle once a job, where a runner reads it once a child.
    const requests = own(get) + own(put) + own(list) + bed.store.calls.delete.length;
    expect(requests / tasks.length).toBeLessThan(2.3);
    expect(bed.store.calls.delete.length).toBeLessThan(30);
    expect(bed.keys()).toEqual([]);
  });
});
