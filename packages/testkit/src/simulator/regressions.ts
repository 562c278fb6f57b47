/**
 * Seeds that found a bug once, played before all others. What a seed does changes with whatever is drawn, so a bug that mattered has a mutant in
 * `scripts/mutants/engine-mutants.mjs` as well.
 */
export const REGRESSIONS: readonly number[] = [
  2857, // an announced worker whose link broke before its first echo was never released: what was lost in the gap waited for ever
  2918, // a draining core asked to be woken every millisecond
  4206, // a failure that could not be delivered was forgotten, and its task waited for ever
  27554, // a result was forgotten for a balance cancel, then lost with its link, so its task ran twice
  46200, // the same on a link that was lost in one direction
  2047, // after a stall longer than a worker's life, results were taken for accepted that the scheduler had refused
];
