import { describe, expect, it } from "vitest";
import { type BedOptions, EngineBed } from "../../../test-support/engine-bed.ts";

const TASKS = ["a", "b", "c", "d", "e", "f", "g", "h", "i", "j"];

/** Runs some tasks with a manager that dies at a step and the one that comes after it. Returns the steps that the first one took, and what the second took over. */
async function crashAt(step: number, options: BedOptions, restartAfterMs: number) {
  const bed = new EngineBed(options);
  try {
    const first = bed.start(bed.lifeOf(step));
    const tasks = TASKS.map((name, at) => bed.task(name, 150 + 40 * (at % 4)));
    const done = (): boolean => tasks.every((task) => task.settled);
    for (let waited = 0; !first.life.dead && waited < 6_000; waited += 100) await bed.clock.advance(100);
    if (!first.life.dead) expect(done()).toBe(true);
    bed.kill(first);
    await bed.clock.advance(restartAfterMs);
    const second = bed.start();
    await bed.clock.until(done);
    for (const [at, task] of tasks.entries()) {
      const end = await task.end;
      expect(`${end.status} ${Buffer.from(end.bytes)}`).toBe(`success did ${TASKS[at]}`);
    }
    // Whatever was submitted goes on: the death of a manager makes nothing run twice.
    expect(Object.fromEntries(bed.runs)).toEqual(Object.fromEntries(TASKS.map((name) => [name, 1])));
    expect(bed.scheduler.breaches.filter((breach) => !breach.includes("does not hold it"))).toEqual([]);
    const stopped = second.engine.stop({ graceMs: 60_000 });
    await bed.clock.advance(70_000);
    expect(await stopped).toMatchObject({ reason: "drained" });
    expect(bed.keys()).toEqual([]);
    expect(bed.running()).toEqual([]);
    return { steps: first.life.steps, adopted: second.engine.stats().adoptedJobs };
  } catch (reason) {
    console.error(`step ${step}\n${bed.lines.join("\n")}`);
    throw reason;
  } finally {
    bed.close();
  }
}

const VARIANTS: readonly (readonly [string, BedOptions, number])[] = [
  ["single tasks, inline", { core: { maxTasksPerPack: 1 } }, 500],
  ["packs in stored bundles, deletes gathered", { remote: true, traits: { inlineBytes: 0 }, slots: 2 }, 5_000],
  ["every object under a key of its own", { traits: { inlineBytes: 0 }, engine: { shareAboveBytes: 0 } }, 2_000],
];

describe("a manager that dies between any two of its effects", () => {
  it.each(VARIANTS)(
    "loses nothing and runs nothing twice: %s",
    { timeout: 60_000 },
    async (_, options, restartAfterMs) => {
      const { steps } = await crashAt(Number.POSITIVE_INFINITY, options, restartAfterMs);
      let adopting = 0;
      // Every step of the start, and a spread of the others.
      for (let step = 1; step < Math.min(steps, 400); step += step < 60 ? 1 : 3) {
        adopting += (await crashAt(step, options, restartAfterMs)).adopted > 0 ? 1 : 0;
      }
      expect(adopting).toBeGreaterThan(20);
    },
  );

  it("loses nothing when those that come after it die as well, some of them while they still take over", {
    timeout: 60_000,
  }, async () => {
    for (let seed = 1; seed <= 25; seed += 1) {
      let state = seed;
      const dice = (below: number): number => {
        state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
        return Math.floor((state / 2 ** 32) * below);
      };
      const bed = new EngineBed({
        traits: { inlineBytes: dice(2) * 65_536 },
        remote: dice(2) === 1,
        slots: 1 + dice(4),
      });
      try {
        const tasks = TASKS.map((name) => bed.task(name, 100 + dice(800)));
        for (let deaths = 0; deaths < 6; deaths += 1) {
          const process = bed.start(bed.lifeOf(1 + dice(150)));
          for (let waited = 0; !process.life.dead && waited < 4_000; waited += 100) await bed.clock.advance(100);
          bed.kill(process);
          await bed.clock.advance(dice(5_000));
        }
        const last = bed.start();
        await bed.clock.until(() => tasks.every((task) => task.settled));
        for (const [at, task] of tasks.entries()) {
          expect(Buffer.from((await task.end).bytes).toString()).toBe(`did ${TASKS[at]}`);
        }
        expect([...bed.runs.values()].filter((runs) => runs !== 1)).toEqual([]);
        const stopped = last.engine.stop({ graceMs: 60_000 });
        await bed.clock.advance(70_000);
        expect(await stopped).toMatchObject({ reason: "drained" });
        expect([...bed.keys(), ...bed.running()]).toEqual([]);
      } catch (reason) {
        console.error(`seed ${seed}\n${bed.lines.join("\n")}`);
        throw reason;
      } finally {
        bed.close();
      }
    }
  });
});
