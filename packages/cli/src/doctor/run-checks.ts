import { type Check, type Clock, type Finding, fault } from "@scaler-aws-hpc/adapter-core";
import { findingsOf } from "./failed-check.ts";

/** How a check ended. */
export interface CheckOutcome {
  readonly check: Check;
  /** At least one; a check that was not run has none. */
  readonly findings: readonly Finding[];
  /** Why it was not run. */
  readonly skipped?: string;
  /** Milliseconds that it took. */
  readonly ms: number;
}

/** How {@link runChecks} runs. */
export interface RunChecksOptions {
  readonly clock: Clock;
  /** Ends what runs, and begins nothing more. */
  readonly signal: AbortSignal;
  /** Checks at once. @default 8 */
  readonly atOnce?: number;
  /** Told whenever a check begins or ends: those that run now, in order, and how many are over. */
  readonly onProgress?: (running: readonly Check[], over: number) => void;
}

const DEFAULT_LIMIT_MS = 15_000;

/**
 * Runs checks side by side, each after those that it needs, and gives their outcomes in the order in which they stand.
 *
 * A check needs only such that stand before it: there are no circles to wait in. None can fail the run: what a check throws, or does not say in time, is a
 * finding.
 */
export async function* runChecks(checks: readonly Check[], options: RunChecksOptions): AsyncGenerator<CheckOutcome> {
  const run = new Run(options);
  const known = new Map<string, Promise<CheckOutcome>>();
  for (const check of checks) {
    const needs = (check.needs ?? []).flatMap((id) => known.get(id) ?? []);
    known.set(check.id, run.start(check, needs));
  }
  for (const outcome of known.values()) yield await outcome;
}

class Run {
  readonly #options: RunChecksOptions;
  readonly #running = new Set<Check>();
  readonly #waiting: (() => void)[] = [];
  #free: number;
  #over = 0;

  constructor(options: RunChecksOptions) {
    this.#options = options;
    this.#free = options.atOnce ?? 8;
  }

  async start(check: Check, needs: readonly Promise<CheckOutcome>[]): Promise<CheckOutcome> {
    const missing = (await Promise.all(needs)).find((need) => need.skipped !== undefined || isFault(need));
    if (missing !== undefined) return this.#skip(check, `needs ${missing.check.title}`);
    await this.#turn();
    try {
      const { clock, signal } = this.#options;
      if (signal.aborted) return this.#skip(check, "interrupted");
      this.#running.add(check);
      this.#tell();
      const since = clock.now();
      const findings = await this.#look(check);
      this.#running.delete(check);
      if (findings === undefined) return this.#skip(check, "interrupted");
      this.#over += 1;
      this.#tell();
      return { check, findings, ms: clock.now() - since };
    } finally {
      this.#leave();
    }
  }

  /** What it finds; `undefined` when the run was ended meanwhile. */
  async #look(check: Check): Promise<readonly Finding[] | undefined> {
    const { clock, signal: ended } = this.#options;
    const { limitMs = DEFAULT_LIMIT_MS } = check;
    const over = new AbortController();
    const signal = AbortSignal.any([over.signal, ended]);
    const late = clock.sleep(limitMs, { signal }).then(
      (): Finding[] => [
        fault(
          `no answer within ${limitMs / 1_000} s`,
          "look at the network between here and there, and at proxies and firewalls",
          "unavailable",
        ),
      ],
      // The look itself is over, or the whole run is.
      () => undefined,
    );
    try {
      const findings = await Promise.race([check.run({ signal }), late]);
      if (ended.aborted) return undefined;
      return findings === undefined || findings.length === 0
        ? [fault("it found nothing to say, which is a bug of its plugin", "report it", "internal")]
        : findings;
    } catch (reason) {
      return ended.aborted ? undefined : findingsOf(reason);
    } finally {
      over.abort();
    }
  }

  #skip(check: Check, skipped: string): CheckOutcome {
    this.#over += 1;
    this.#tell();
    return { check, findings: [], skipped, ms: 0 };
  }

  async #turn(): Promise<void> {
    if (this.#free > 0) this.#free -= 1;
    else await new Promise<void>((resolve) => this.#waiting.push(resolve));
  }

  #leave(): void {
    const next = this.#waiting.shift();
    if (next === undefined) this.#free += 1;
    else next();
  }

  #tell(): void {
    this.#options.onProgress?.([...this.#running], this.#over);
  }
}

/** Whether something is wrong with what was looked at. */
const isFault = ({ findings }: CheckOutcome): boolean => findings.some(({ level }) => level === "fault");
