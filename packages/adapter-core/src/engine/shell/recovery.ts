import type { AbortOptions } from "../../contracts/abort-options.ts";
import { type AdapterErrorCode, isAdapterError } from "../../contracts/adapter-error.ts";
import type { Backend, FoundJob, JobName, JobSpec } from "../../contracts/backend.ts";
import type { PayloadStore } from "../../contracts/payload-store.ts";
import { outPrefix } from "../../formats/keys.ts";
import type { Section } from "../../formats/section.ts";
import type { RecoveredJob } from "../core/event.ts";
import { again } from "./again.ts";
import { readSections } from "./bundle-reader.ts";
import { Gate } from "./gate.ts";
import type { ShellHost } from "./host.ts";
import type { JobBook } from "./job-book.ts";
import type { SharedObjects } from "./shared-objects.ts";
import type { Strays } from "./strays.ts";
import { type Remains, survey } from "./survey.ts";

/** Of a bundle that will never be right. What else goes wrong ends the start: it must not end a job. */
const UNUSABLE: ReadonlySet<AdapterErrorCode> = new Set<AdapterErrorCode>([
  "corrupt",
  "internal",
  "rejected",
  "too-large",
]);
const BUNDLES_AT_ONCE = 8;
/** How long a start waits for a job to show whose bundle is so young that its submit may have been under way. */
const SHOW_MS = 10_000;
const LOOK_AGAIN_MS = 1_000;

/** Options of {@link Recovery}. */
export interface RecoveryOptions {
  readonly backend: Backend;
  readonly store: PayloadStore;
  readonly book: JobBook;
  readonly shared: SharedObjects;
  readonly strays: Strays;
  readonly managerId: string;
}

/** How the process before ended. */
export interface Circumstances {
  /** The time by the store's clock. */
  readonly storeNowMs: number | undefined;
  /** How long it has certainly been gone, in milliseconds; `undefined`: there was none, or it left in order. */
  readonly diedBeforeMs: number | undefined;
}

/** What was found of earlier processes. */
export interface Recovered {
  readonly jobs: readonly RecoveredJob[];
  /** Every name of a job that was seen anywhere. */
  readonly names: readonly JobName[];
}

/**
 * Takes over what earlier processes of this manager left: every job that the backend knows and whose bundle is there goes into the book as if it had
 * been submitted by this process. What cannot be used is stopped, or swept later.
 */
export class Recovery {
  readonly #host: ShellHost;
  readonly #options: RecoveryOptions;

  constructor(host: ShellHost, options: RecoveryOptions) {
    this.#host = host;
    this.#options = options;
  }

  /**
   * Once it has settled, also when it was aborted, nothing is under way any more: the right to stop jobs may be given away then.
   * @throws {AdapterError} `denied`, `config` and the like: what does not pass by waiting
   */
  async run(circumstances: Circumstances, options?: AbortOptions): Promise<Recovered> {
    const { store, backend, managerId, strays } = this.#options;
    const signal = either(this.#host.signal, options?.signal);
    const remains = await this.#again(() => survey(store, backend, managerId, { signal }), signal);
    const found = await this.#adopt(remains, circumstances, signal);
    const jobs = await this.#takeAll(found, remains, signal);
    signal.throwIfAborted();
    this.#host.counters.adoptedJobs += jobs.length;
    const { book, shared } = this.#options;
    const leftJobs = remains.names.filter((name) => !book.has(name));
    const left = new Set(leftJobs);
    strays.expect(
      leftJobs,
      [...remains.keys].flatMap(([key, job]) =>
        (job === undefined ? !shared.holds(key) : left.has(job)) ? [key] : [],
      ),
    );
    return { jobs: jobs.sort(byAge), names: [...remains.names, ...found.map(({ name }) => name)] };
  }

  /**
   * Asks the backend for all jobs of which anything is left, and a little longer for those that may only just have been submitted: a young bundle tells of
   * them, and where bundles travel inline, nothing but a listing that is complete by then.
   */
  async #adopt(
    remains: Remains,
    { storeNowMs, diedBeforeMs }: Circumstances,
    signal: AbortSignal,
  ): Promise<FoundJob[]> {
    const { backend } = this.#options;
    const { clock } = this.#host;
    const { inlineBytes, visibilityDelayMs: delayMs = 0 } = backend.traits;
    const found: FoundJob[] = [];
    const known = new Set<JobName>();
    const adopt = async (names: readonly JobName[]): Promise<void> => {
      const wanted = names.filter((name) => !known.has(name));
      if (wanted.length === 0) return;
      const more = await this.#again(async () => (await backend.adopt?.(wanted, { signal })) ?? [], signal);
      found.push(...more);
      for (const { name } of more) known.add(name);
    };
    const young = (name: JobName): boolean => {
      const bundle = remains.bundles.get(name);
      if (bundle === undefined || known.has(name)) return false;
      return storeNowMs === undefined || storeNowMs - bundle.modifiedMs < delayMs;
    };
    const begunAt = clock.now();
    await adopt(remains.names);
    while (remains.names.some(young) && clock.now() - begunAt < Math.min(delayMs, SHOW_MS)) {
      await clock.sleep(LOOK_AGAIN_MS, { signal });
      await adopt(remains.names.filter(young));
    }
    const hiddenMs = inlineBytes > 0 && diedBeforeMs !== undefined ? Math.min(delayMs, SHOW_MS) - diedBeforeMs : 0;
    if (hiddenMs <= 0) return found;
    await clock.sleep(Math.max(0, begunAt + hiddenMs - clock.now()), { signal });
    const live = await this.#again(() => backend.list({ signal }), signal);
    await adopt(live.map(({ name }) => name));
    return found;
  }

  /** Takes job after job, some side by side. The first that fails stops the others, and is thrown when they have ended. */
  async #takeAll(found: readonly FoundJob[], remains: Remains, signal: AbortSignal): Promise<RecoveredJob[]> {
    const failed = new AbortController();
    const over = either(signal, failed.signal);
    const gate = new Gate({ most: BUNDLES_AT_ONCE });
    const takes = found.map(async (job) => {
      const leave = await gate.enter();
      try {
        over.throwIfAborted();
        return await this.#take(job, remains, over);
      } catch (reason) {
        failed.abort(reason);
        throw reason;
      } finally {
        leave();
      }
    });
    await Promise.allSettled(takes);
    failed.signal.throwIfAborted();
    return (await Promise.all(takes)).filter((job) => job !== undefined);
  }

  /** Reads a job's bundle and enters the job in the book. */
  async #take(found: FoundJob, remains: Remains, signal: AbortSignal): Promise<RecoveredJob | undefined> {
    const { store, book, shared } = this.#options;
    const { log } = this.#host;
    try {
      const size = remains.bundles.get(found.name)?.size;
      const children = await this.#again(async () => {
        const read: Child[] = [];
        for await (const section of readSections(store, found, size, { signal })) read.push(childOf(section));
        return read;
      }, signal);
      if (children.length !== found.children) {
        if (children.length === 0) return await this.#giveUp(found, "its bundle is gone", signal);
        return await this.#giveUp(found, `it has ${found.children} children, its bundle ${children.length}`, signal);
      }
      for (const { shares } of children) for (const object of shares) shared.adopt(found.name, object);
      const job = book.add(
        specOf(found, children, store, this.#options.managerId),
        children.map(({ tasks }) => tasks.map(({ task }) => task.taskId)),
      );
      job.live = true;
      for (const child of job.children) child.adopted = true;
      const { name, profile, runner } = found;
      return {
        name,
        profile,
        runner,
        fresh: children[0]?.fresh ?? false,
        children: children.map(({ tasks }) => tasks),
      };
    } catch (reason) {
      if (signal.aborted || !isAdapterError(reason) || !UNUSABLE.has(reason.code)) throw reason;
      log.warn("a job of an earlier process cannot be taken over", { job: found.name, reason: String(reason) });
      return await this.#giveUp(found, "its bundle cannot be read", signal);
    }
  }

  /** Nobody can use what a job of this kind gives: it is stopped, if it runs. */
  async #giveUp(found: FoundJob, reason: string, signal: AbortSignal): Promise<undefined> {
    if (!found.live) return undefined;
    const { counters, log } = this.#host;
    counters.orphans += 1;
    log.warn("stopping a job of an earlier process", { job: found.name, reason });
    const refs = Array.from({ length: found.children }, (_, child) => ({ job: found.name, child }));
    await this.#again(() => this.#options.backend.cancel(refs, reason, { signal }), signal);
    return undefined;
  }

  #again<T>(work: () => Promise<T>, signal: AbortSignal): Promise<T> {
    return again(this.#host, work, { saying: "what an earlier process left is out of reach; trying again", signal });
  }
}

interface Child {
  readonly tasks: RecoveredJob["children"][number];
  readonly shares: readonly Extract<Section["objects"][number], { key: string }>[];
  readonly fresh: boolean;
  readonly taskLimitMs: number;
}

/** Aborts when one of both does. */
function either(signal: AbortSignal, other: AbortSignal | undefined): AbortSignal {
  return other === undefined ? signal : AbortSignal.any([signal, other]);
}

/** Oldest first: epoch, then number in it, as the names end. */
function byAge(left: RecoveredJob, right: RecoveredJob): number {
  return left.name.localeCompare(right.name, "en", { numeric: true });
}

/** What is kept of a section: its objects' bytes are not. */
function childOf(section: Section): Child {
  return {
    fresh: section.fresh,
    taskLimitMs: section.taskLimitMs,
    shares: section.objects.filter((object) => "key" in object),
    tasks: section.tasks.map(({ id, fn, args, stream, holder }) => ({
      task: {
        taskId: id,
        source: section.client,
        functionId: fn,
        argumentIds: args,
        priority: 0,
        streamOutput: stream,
      },
      holder: holder ?? "",
    })),
  };
}

/** The job as it was submitted, as far as anybody asks after that. */
function specOf(found: FoundJob, children: readonly Child[], store: PayloadStore, managerId: string): JobSpec {
  const { name, profile, runner, payload, secret } = found;
  const taskLimitMs = Math.max(...children.map((child) => child.taskLimitMs));
  return {
    ...{ name, profile, runner, secret, taskLimitMs },
    children: children.length,
    payload:
      payload.kind === "inline"
        ? { kind: "inline", bundle: payload.bundle, store: store.locator }
        : { kind: "bundle", key: payload.key, bytes: 0, store: store.locator },
    outPrefix: outPrefix(managerId, name),
    tasksPerChild: children.map(({ tasks }) => tasks.length),
    childLimitMs: taskLimitMs,
    fresh: children[0]?.fresh ?? false,
    attempts: 1,
  };
}
