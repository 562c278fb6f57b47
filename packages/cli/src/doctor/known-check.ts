import type { Check, Finding } from "@scaler-aws-hpc/adapter-core";
import { findingsOf } from "./failed-check.ts";

/** A check of something that had to be looked at before the checks could be made: it only tells. */
export const knownCheck = (check: Omit<Check, "run">, findings: readonly Finding[]): Check => ({
  ...check,
  run: async () => findings,
});

/** What a piece of work gave, or what its failure tells. */
export type Attempt<T> =
  | { readonly ok: true; readonly value: T; readonly findings?: undefined }
  | { readonly ok: false; readonly value?: undefined; readonly findings: readonly Finding[] };

/** Waits for a piece of work; never rejects. */
export async function attempted<T>(work: () => Promise<T>): Promise<Attempt<T>> {
  try {
    return { ok: true, value: await work() };
  } catch (reason) {
    return { ok: false, findings: findingsOf(reason) };
  }
}

/** Does a piece of work; never throws. */
export function attempt<T>(work: () => T): Attempt<T> {
  try {
    return { ok: true, value: work() };
  } catch (reason) {
    return { ok: false, findings: findingsOf(reason) };
  }
}
