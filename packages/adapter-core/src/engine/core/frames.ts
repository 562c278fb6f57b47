import type { CoreState } from "./state.ts";
import type { Job, Work } from "./work.ts";

/** A frame came with `needed` results that somebody may still ask for. */
export function keepFrame(core: CoreState, key: string, needed: number, job: Job | undefined): void {
  if (needed === 0) {
    core.emit({ type: "delete-frames", keys: [key] });
    return;
  }
  core.frames.set(key, { needed, job });
  if (job !== undefined) job.frames += 1;
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
  if (use.job === undefined) return;
  use.job.frames -= 1;
  releaseJob(core, use.job);
}

/** Lets go of a job that is over: at once, or with its last frame where a later process may have to read that. */
export function releaseJob(core: CoreState, job: Job): void {
  if (job.released || core.jobs.get(job.name) === job) return;
  if (core.options.backend.outlives === true && job.frames > 0) return;
  job.released = true;
  core.emit({ type: "release-job", job: job.name });
}
