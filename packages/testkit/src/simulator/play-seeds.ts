import type { Coverage } from "./coverage.ts";
import type { RunResult } from "./simulate.ts";

/** A sample of the seeds is played twice: the same seed, the same trace. */
const TWICE_EVERY = 50;
/** After so many failed seeds, more tell nothing new. */
const MOST_FAILURES = 5;
/** Fewer seeds need not meet every fault. */
const ENOUGH_FOR_COVERAGE = 300;

/** What is played with seeds. */
export interface Play<What extends string> {
  /** What a seed is, in words: "seeds of 200 tasks". */
  readonly what: string;
  readonly seeds: readonly number[];
  readonly play: (seed: number) => Promise<SeedResult<What>> | SeedResult<What>;
  /** How a seed is played again. */
  readonly again: (seed: number) => string;
  readonly coverage: Coverage<What>;
  readonly firstFailure: boolean;
  /** Fails when a fault never happened. */
  readonly needsCoverage: boolean;
  readonly table: boolean;
}

type SeedResult<What extends string> = Omit<RunResult, "coverage"> & { readonly coverage: Coverage<What> };

/** Plays seeds, prints each that fails and how to play it again, and a line of counts. @returns whether all was well */
export async function playSeeds<What extends string>(parts: Play<What>): Promise<boolean> {
  const { what, seeds, play, coverage } = parts;
  const startedMs = performance.now();
  let failures = 0;
  let events = 0;
  for (const seed of seeds) {
    const result = await play(seed);
    events += result.events;
    coverage.addAll(result.coverage);
    const again = seed % TWICE_EVERY === 0 ? (await play(seed)).hash : result.hash;
    if (result.breach === undefined && again === result.hash) continue;
    failures += 1;
    say([...result.tail, wrong(result, again), `play it again: ${parts.again(seed)}`, ""]);
    if (failures >= (parts.firstFailure ? 1 : MOST_FAILURES)) break;
  }
  const seconds = (performance.now() - startedMs) / 1000;
  const missing =
    failures === 0 && parts.needsCoverage && seeds.length >= ENOUGH_FOR_COVERAGE ? coverage.missing() : [];
  if (parts.table && seeds.length > 1) say([coverage.table()]);
  if (missing.length > 0) say([`never happened: ${missing.join("; ")}`]);
  const rate = `${seconds.toFixed(1)} s, ${Math.round(events / 1000)} thousand events`;
  say([`${seeds.length} ${what}, ${failures} failed, ${rate}`]);
  return failures === 0 && missing.length === 0;
}

function wrong({ seed, breach, hash }: Omit<RunResult, "coverage">, again: string): string {
  if (breach === undefined) return `seed ${seed}: I13: two runs differ: ${hash} and ${again}`;
  return `seed ${seed}: ${breach.invariant}: ${breach.message}`;
}

function say(lines: readonly string[]): void {
  process.stdout.write(`${lines.join("\n")}\n`);
}
