import type { ClientLife } from "./client-life.ts";
import type { TaskFacts } from "./expected.ts";
import type { Spec } from "./sim-worker.ts";

/** Maps over a few inputs, to the end or not. */
export async function takeMap(life: ClientLife): Promise<void> {
  const { kernel } = life.world;
  const { random } = kernel;
  const all: TaskFacts[] = Array.from({ length: random.int(1, 12) }, () => life.newFacts());
  const leaveAfter = random.chance(0.3) ? random.int(0, all.length) : all.length + 1;
  life.worth += 10 * all.length;
  life.facts.push(...all);
  const take = async (): Promise<void> => {
    const inputs = all.map(({ spec }) => spec);
    const run = life.client.map(life.task(), inputs, { concurrency: random.int(1, 8), ordered: random.chance(0.5) });
    let taken = 0;
    for await (const outcome of run.settled()) {
      const facts = all[outcome.index];
      if (facts === undefined || facts.spec !== (outcome.input as Spec)) {
        kernel.fail("value", `a map's outcome ${outcome.index} is of another input`);
        return;
      }
      life.judge(facts, outcome);
      taken += 1;
      if (taken === leaveAfter) break;
    }
    if (taken === leaveAfter) kernel.seen("map left early");
    else if (taken < all.length) kernel.fail("settles", `a map ended after ${taken} of ${all.length}`);
    else kernel.seen("map taken to its end");
  };
  const outcome = await life.calls.watch("map", take());
  if (outcome.status === "fulfilled") return;
  kernel.seen("map failed");
  if (!life.record.lost && !all.some(({ closed }) => closed)) {
    kernel.fail("named", `a map failed with ${(outcome.reason as Error)?.stack}`);
  }
}
