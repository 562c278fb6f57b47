import type { CoreState } from "./state.ts";
import type { Work } from "./work.ts";

/** A frame came with `needed` results that somebody may still ask for. */
export function keepFrame(core: CoreState, key: string, needed: number): void {
  if (needed === 0) core.emit({ type: "delete-frames", keys: [key] });
  else core.frames.set(key, { needed });
}

/**
 * The outcome of a work is not needed any more: it was acknowledged, or nobody wants it. The frame goes with its last needed result, so it
 * is there whenever a result has to be sent again.
 */
export function releaseOutcome(core: CoreState, work: Work): void {
  const outcome = work.outcome;
  work.outcome = undefined;
  if (outcome?.kind !== "frame") return;
  const use = core.frames.get(outcome.key);
  if (use === undefined) return;
  use.needed -= 1;
  if (use.needed > 0) return;
  core.frames.delete(outcome.key);
  core.emit({ type: "delete-frames", keys: [outcome.key] });
}
