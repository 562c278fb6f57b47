import type { SchedulerRules } from "./rules.ts";

type Advice = ReadonlyMap<string, readonly string[]>;

/** Advice is acted upon when it came this often again. */
const TRIGGER_TIMES = 2;

/** Decides whether a round's balance advice is acted upon; asked once a second. */
export class Balancer {
  readonly #rules: SchedulerRules;
  #last: Advice = new Map();
  #same = 0;

  constructor(rules: SchedulerRules) {
    this.#rules = rules;
  }

  acts(advice: Advice): boolean {
    if (equal(advice, this.#last)) {
      this.#same += 1;
    } else {
      this.#last = advice;
      this.#same = 0;
    }
    const due = this.#rules.balancesOnce
      ? this.#same === TRIGGER_TIMES
      : !(this.#same > 0 && this.#same < TRIGGER_TIMES);
    return due && advice.size > 0;
  }
}

function equal(left: Advice, right: Advice): boolean {
  if (left.size !== right.size) return false;
  for (const [worker, tasks] of left) {
    const others = right.get(worker);
    if (others === undefined || others.length !== tasks.length) return false;
    if (!tasks.every((task, at) => task === others[at])) return false;
  }
  return true;
}
