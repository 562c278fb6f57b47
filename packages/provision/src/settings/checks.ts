import { assertKey } from "@scaler-aws-hpc/adapter-core";

/** Collects what is wrong with settings, so that a user learns of all of it at once. */
export class Checks {
  readonly #problems: string[] = [];

  get problems(): readonly string[] {
    return this.#problems;
  }

  /** @param expected what would be right, and what to do where that is not clear from it */
  that(right: boolean, setting: string, expected: string, got: unknown): void {
    if (!right) this.#problems.push(`${setting}: expected ${expected}, got ${shown(got)}`);
  }

  /** @param problem who, what was expected, what was given */
  add(problem: string): void {
    this.#problems.push(problem);
  }

  whole(setting: string, value: number, least: number, most: number, unit: string): void {
    const right = Number.isInteger(value) && value >= least && value <= most;
    this.that(right, setting, `a whole number of ${unit} from ${least} to ${most}`, value);
  }
}

/** Whether `prefix` may stand before every key of the payload store. */
export function isKeyPrefix(prefix: string): boolean {
  if (prefix === "") return true;
  if (prefix.length > 256) return false;
  try {
    assertKey(prefix);
    return true;
  } catch {
    return false;
  }
}

/** A value for an error: short, and on one line. */
function shown(value: unknown): string {
  const text = value === undefined ? "nothing" : (JSON.stringify(value) ?? String(value));
  return text.length <= 100 ? text : `${text.slice(0, 100)}...`;
}
