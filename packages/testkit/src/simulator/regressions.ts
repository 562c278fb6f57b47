/** Seeds that found a bug once, played before all others. A change of what is drawn changes what they do; they cost nothing. */
export const REGRESSIONS: readonly number[] = [];
