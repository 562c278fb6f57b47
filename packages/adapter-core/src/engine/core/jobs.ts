import type { Failure } from "../../contracts/backend.ts";
import { startFailed, startWorked, submitHeld, submitWorked } from "./breaker.ts";
import type { EngineEvent, TaskOutcome } from "./event.ts";
import { keepFrame } from "./frames.ts";
import type { CoreState } from "./state.ts";
import { endChild, forgetJob, freeSlot, stopChild, stopUnwanted } from "./stopping.ts";
import { drop, fail, finish, functionInfo, letStart, retry } from "./tasks.ts";
import type { Child, Job, Work } from "./work.ts";

type Of<Type extends EngineEvent["type"]> = Extract<EngineEvent, { type: Type }>;

/** The bundle is stored (without the tasks whose objects are missing or did not fit), or could not be. */
export function onStaged(core: CoreState, event: Of<"staged">): void {
  const job = core.jobs.get(event.job);
  if (job?.state !== "staging") return;
  if (!event.outcome.ok) {
    giveBack(core, job, event.outcome.message, event.outcome.retry);
    return;
  }
  const absent = new Set(event.outcome.absent);
  const deferred = new Set(event.outcome.deferred);
  for (const work of stagingFromLast(job)) {
    if (absent.has(work.task.taskId)) {
      work.state = "fetching";
      work.child = undefined;
    } else if (deferred.has(work.task.taskId)) letStart(core, work, "front");
  }
  const inBundle = (work: Work): boolean => !absent.has(work.task.taskId) && !deferred.has(work.task.taskId);
  for (const child of job.children) {
    child.works = child.works.filter(inBundle);
    child.works.forEach((work, at) => {
      work.index = at;
    });
  }
  for (const child of job.children) if (child.works.length === 0) freeSlot(core, child);
  job.children = job.children.filter((child) => child.works.length > 0);
  job.children.forEach((child, at) => {
    child.index = at;
  });
  const wanted = job.children.some((child) => child.works.some((work) => work.state === "staging"));
  if (!wanted) {
    for (const child of job.children) freeSlot(core, child);
    forgetJob(core, job);
    return;
  }
  job.state = "submitting";
  core.emit({ type: "submit", job: job.name });
}

/** Tasks that still wait for their job, from the last to the first: put to the front one by one, they stand in their old order. */
function* stagingFromLast(job: Job): Generator<Work> {
  for (const child of [...job.children].reverse()) {
    for (const work of [...child.works].reverse()) if (work.state === "staging") yield work;
  }
}

/** The job could not be staged or submitted: its slots are free and its tasks try again or fail. */
function giveBack(core: CoreState, job: Job, message: string, again: boolean): void {
  for (const child of job.children) freeSlot(core, child);
  forgetJob(core, job);
  for (const work of job.children.flatMap((child) => child.works)) {
    if (work.state !== "staging") continue;
    if (again) retry(core, work, message);
    else fail(core, work, "RuntimeError", message);
  }
}

/** The job was not taken, but may be later: its tasks stand at the front again, in their old order. */
function holdBack(core: CoreState, job: Job): void {
  for (const child of job.children) freeSlot(core, child);
  forgetJob(core, job);
  for (const work of stagingFromLast(job)) letStart(core, work, "front");
}

/** An object that was late has come, or never will. */
export function onFetched(core: CoreState, event: Of<"fetched">): void {
  const work = core.works.get(event.taskId);
  if (work?.state !== "fetching") return;
  if (event.missing === undefined) letStart(core, work, "front");
  else fail(core, work, "RuntimeError", event.missing);
}

/** The backend took the job, or will not. */
export function onSubmitted(core: CoreState, event: Of<"submitted">): void {
  const job = core.jobs.get(event.job);
  if (job?.state !== "submitting") return;
  if (!event.outcome.ok) {
    if (event.outcome.retry) {
      submitHeld(core, job, event.outcome.message);
      holdBack(core, job);
    } else {
      startFailed(core, job, event.outcome.message);
      giveBack(core, job, event.outcome.message, false);
    }
    return;
  }
  submitWorked(core, job);
  goLive(core, job);
}

/** The job exists. Tasks that became unwanted while it was made are stopped right away. */
function goLive(core: CoreState, job: Job): void {
  job.state = "live";
  job.liveAt = core.now;
  core.profile(job.profile).live += job.liveChildren;
  for (const child of job.children) {
    const unwanted: number[] = [];
    for (const work of child.works) {
      if (work.state === "staging") work.state = "bundled";
      else unwanted.push(work.index);
    }
    if (unwanted.length > 0) stopUnwanted(core, child, unwanted);
  }
}

/** A child of a job that exists. What a backend pushes can overtake its answer to `submit`. */
function liveChild(core: CoreState, ref: { readonly job: string; readonly child: number }): Child | undefined {
  const job = core.jobs.get(ref.job);
  if (job === undefined || job.state === "staging") return undefined;
  if (job.state === "submitting") goLive(core, job);
  return job.children[ref.child];
}

/** A child started or ended; when it ended, every frame of it was reported before. */
export function onChild(core: CoreState, event: Of<"child">): void {
  const { change } = event;
  const child = liveChild(core, change);
  if (child === undefined || child.state === "over") return;
  spendAttempts(core, child, change.attempt);
  if (change.state !== "failed") startWorked(core, child.job);
  if (change.state === "running") {
    child.state = "running";
    return;
  }
  if (change.state === "failed") countFailure(core, child, change.failure);
  else if (!child.job.adopted && child.attempt === 1 && !child.ahead) {
    core.startTimes.record(child.job.profile, Math.max(0, core.now - child.job.liveAt - child.ranMs));
  }
  endChild(core, child);
  const open = child.works.filter((work) => work.child === child && work.state === "bundled");
  if (open.length === 0) return;
  if (change.state === "succeeded") afterSilence(core, child, open);
  else afterFailure(core, child, open, change.failure);
}

function countFailure(core: CoreState, { job, ranMs }: Child, { kind, reason }: Failure): void {
  if (kind === "cancelled") return;
  core.counts.failures[kind] += 1;
  // A container that ends by itself before it stored anything may never have come to the tasks: many in a row are no accident either.
  const unstarted = kind === "exit" && ranMs === 0;
  if (kind === "image" || kind === "definition" || unstarted) startFailed(core, job, reason);
}

/** A child ended well, but some of its tasks have no result. */
function afterSilence(core: CoreState, child: Child, open: readonly Work[]): void {
  // Of a job that was taken over, most of these were acknowledged, and their frames deleted, before. What was really lost is assigned again.
  const isLost = ({ claim }: Work): boolean => !child.job.adopted || claim?.worker.role === "active";
  if (open.some(isLost)) core.counts.failures.lost += 1;
  for (const work of open) {
    if (isLost(work)) retry(core, work, "the job succeeded without a result for this task");
    else letStart(core, work, "front");
  }
}

/** The backend repeats what it lost by itself: each of its attempts comes out of the same budget as our own retries. */
function spendAttempts(core: CoreState, child: Child, attempt: number): void {
  const more = attempt - child.attempt;
  if (core.options.backend.retriesNatively !== true || more <= 0) return;
  child.attempt = attempt;
  core.counts.nativeRetries += more;
  for (const work of child.works) if (work.child === child && work.state === "bundled") work.retries += more;
}

/** What the failure of a whole child means for its tasks that have no result; see the table at `FailureKind`. */
function afterFailure(core: CoreState, child: Child, open: readonly Work[], failure: Failure): void {
  const reason = failure.logTail?.length ? `${failure.reason}\n${failure.logTail.join("\n")}` : failure.reason;
  const alone = child.works.length === 1 && child.job.fresh;
  for (const work of open) {
    switch (failure.kind) {
      case "definition":
        fail(core, work, "RuntimeError", reason);
        break;
      case "oom":
      case "timeout":
      case "exit":
        // Final only for a task that was alone in a fresh process. Without evidence which one is to blame, the suspects are halved until it is alone.
        if (alone && failure.kind !== "exit")
          fail(core, work, failure.kind === "oom" ? "MemoryError" : "TimeoutError", reason);
        else if (alone) fail(core, work, "WorkerDiedError", reason);
        else {
          work.maxPack = Math.max(1, Math.min(work.maxPack, Math.ceil(open.length / 2)));
          work.fresh = work.maxPack === 1;
          isolate(core, work);
        }
        break;
      default:
        retry(core, work, reason);
    }
  }
}

/** Runs a suspect again in a smaller pack or alone: not counted as a retry, it is how the guilty one is found. */
function isolate(core: CoreState, work: Work): void {
  core.counts.retried += 1;
  letStart(core, work, "front");
}

/** A result frame: finished tasks, tasks that died, tasks handed back. */
export function onFrame(core: CoreState, event: Of<"frame">): void {
  if (core.frames.has(event.key)) return;
  const child = liveChild(core, event);
  if (child !== undefined && child.state !== "over") spendAttempts(core, child, event.attempt);
  if (child !== undefined) startWorked(core, child.job);
  let needed = 0;
  const settled: (() => void)[] = [];
  for (const result of event.results) {
    const work = child?.works[result.task];
    if (child === undefined || work === undefined || work.child !== child || work.state !== "bundled") continue;
    const info = functionInfo(core, work);
    child.ranMs += result.seconds * 1_000;
    if (result.status !== "died" && info !== undefined) core.runTimes.record(info.digest, result.seconds * 1_000);
    if (result.status === "died") {
      settled.push(() => afterDeath(core, child, work, result));
      continue;
    }
    needed += 1;
    if (result.status === "ok") core.counts.succeeded += 1;
    else core.counts.failed += 1;
    settled.push(() => finish(core, work, { kind: "frame", key: event.key, job: event.job, task: result.task }));
  }
  keepFrame(core, event.key, needed, child?.job);
  for (const settle of settled) settle();
  for (const index of [...event.notStarted].reverse()) {
    const work = child?.works[index];
    if (work !== undefined && work.child === child && work.state === "bundled") letStart(core, work, "front");
  }
}

/** The process that ran this task died, and the runner names the task. */
function afterDeath(core: CoreState, child: Child, work: Work, result: TaskOutcome): void {
  const cause = result.cause ?? { kind: "exit", reason: "the process died", first: true };
  const alone = child.works.length === 1 && child.job.fresh;
  if (cause.kind !== "revoked") core.counts.failures[cause.kind === "signal" ? "exit" : cause.kind] += 1;
  if (cause.kind === "revoked") {
    // We asked for it because nobody wanted the task; somebody does by now.
    letStart(core, work, "front");
  } else if (cause.kind === "exit" || alone || (cause.kind === "signal" && cause.first)) {
    const exception =
      cause.kind === "oom" ? "MemoryError" : cause.kind === "timeout" ? "TimeoutError" : "WorkerDiedError";
    fail(core, work, exception, cause.reason);
  } else {
    work.maxPack = 1;
    work.fresh = true;
    isolate(core, work);
  }
}

/** Ends every job: what runs is dead work. */
export function stopAllJobs(core: CoreState, reason: string): void {
  for (const work of [...core.works.values()]) drop(core, work);
  for (const job of core.jobs.values()) {
    if (job.state === "live") for (const child of job.children) stopChild(core, child, reason);
  }
}
