import { setImmediate as nextTurn } from "node:timers/promises";

/** Lets everything that is ready to happen happen. */
export async function turns(count = 5): Promise<void> {
  for (let turn = 0; turn < count; turn += 1) await nextTurn();
}
