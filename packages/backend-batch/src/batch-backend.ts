import {
  type AbortOptions,
  AdapterError,
  type Backend,
  type BackendHint,
  type BackendHost,
  type BackendTraits,
  type ChildChange,
  type ChildRef,
  type FoundJob,
  type JobName,
  type JobSpec,
  type LiveJob,
  untilAborted,
} from "@scaler-aws-hpc/adapter-core";
import type { BatchApi } from "./batch-api.ts";
import type { CallGate } from "./call-gate.ts";
import { Canceller, type Target } from "./canceller.ts";
import { JobFinder, type Listed } from "./job-finder.ts";
import { JobLook, type RepeatCounters } from "./job-look.ts";
import { readParameters } from "./job-parameters.ts";
import { JobRecord } from "./job-record.ts";
import { type RequestHost, roomForInline, submitRequest } from "./job-request.ts";
import { JobWatch, WATCH_TIMES, type WatchTimes } from "./job-watch.ts";
import { LogTails } from "./log-tails.ts";
import type { OpenProfile } from "./open-profile.ts";
import { RunnableWatch } from "./runnable-watch.ts";
import type { BatchSettings } from "./settings.ts";
import { StartTimes } from "./start-times.ts";
import { Submitter, UNWANTED, UnknownOutcome } from "./submitter.ts";

/** Most children of an array job. */
const MAX_CHILDREN = 10_000;
/** Jobs that are remembered after nobody asks for them any more, so that a repeated submit is answered. */
const REMEMBERED = 5_000;
/** Names above which a listing is cheaper than looking each one up. */
const LOOK_UP_MOST = 5;
const TWIN_AFTER_DELAYS = 3;
/** How long a close waits for requests that are under way, in milliseconds. */
const CLOSE_MS = 2_000;

/** What {@link BatchBackend} is made of. */
export interface BatchBackendParts {
  readonly host: BackendHost;
  readonly api: BatchApi;
  readonly gate: CallGate;
  readonly settings: BatchSettings;
  readonly profiles: ReadonlyMap<string, OpenProfile>;
  readonly requests: RequestHost;
  /** For tests. */
  readonly times?: Partial<WatchTimes>;
}

/** Figures of {@link BatchBackend} for monitors. */
export interface BatchCounters {
  /** Requests to Batch, and those that were answered by "too many requests". */
  readonly calls: number;
  readonly throttled: number;
  /** Attempts that Batch repeated by itself, by what ended them. */
  readonly repeated: RepeatCounters;
  /** Jobs that turned out to be twins of others and were ended. */
  readonly twins: number;
}

interface Flight {
  readonly done: Promise<void>;
  waiting: number;
  dropped: boolean;
}

/** Runs jobs on AWS Batch, single ones and arrays. They go on when this process dies; disposal leaves them alone. */
export class BatchBackend implements Backend {
  readonly traits: BackendTraits;
  readonly #parts: BatchBackendParts;
  readonly #times: WatchTimes;
  readonly #finder: JobFinder;
  readonly #look: JobLook;
  readonly #watch: JobWatch;
  readonly #submitter: Submitter;
  readonly #canceller: Canceller;
  readonly #records = new Map<JobName, JobRecord>();
  readonly #flights = new Map<JobName, Flight>();
  /** Jobs whose last submit had no outcome. */
  readonly #doubtful = new Set<JobName>();
  /** What the last listing saw. */
  readonly #listed = new Map<JobName, Listed>();
  readonly #closing = new AbortController();
  #twins = 0;

  constructor(parts: BatchBackendParts) {
    this.#parts = parts;
    const { host, api, gate, settings, profiles, requests } = parts;
    const { clock, log } = host;
    this.#times = { ...WATCH_TIMES, ...parts.times };
    const starts = new StartTimes(settings.startMs);
    const rooms = [...profiles.values()].map((profile) => roomForInline(profile, requests, host));
    this.traits = {
      maxChildren: MAX_CHILDREN,
      inlineBytes: Math.max(0, Math.min(settings.inlineBytes, ...rooms)),
      outlives: true,
      retriesNatively: true,
      visibilityDelayMs: this.#times.visibilityMs,
      // A submit costs about 50 ms and one of the account's 50 calls a second, a job many seconds to start: company is worth waiting for.
      window: { quietMs: 100, maxMs: 500 },
      get startMs() {
        return starts.typicalMs;
      },
      // One listing of the store each; what of Batch is asked meanwhile is another matter.
      pollMs: 200,
      pollMostMs: 5_000,
    };
    const queueOf = (profile: string): string => this.#queueOf(profile);
    const onSpot = (profile: string): boolean => profiles.get(profile)?.onSpot ?? false;
    const finder = new JobFinder(api, gate);
    this.#finder = finder;
    this.#canceller = new Canceller(api, gate, log);
    const { visibilityMs } = this.#times;
    this.#submitter = new Submitter({ api, gate, finder, clock, log, visibilityMs, signal: this.#closing.signal });
    this.#look = new JobLook({ finder, tails: new LogTails(api, clock, log), starts, log, onSpot });
    this.#watch = new JobWatch(
      {
        ...{ clock, finder, queueOf, look: this.#look },
        runnable: new RunnableWatch({ api, gate, finder, clock, log, queueOf }, settings),
        records: this.#records,
        queues: this.#queues(),
        giveUp: (record, reason) => this.#giveUp(record, reason),
      },
      this.#times,
    );
  }

  /** Figures for monitors. */
  get counters(): BatchCounters {
    return { ...this.#parts.gate.counters, repeated: { ...this.#look.repeated }, twins: this.#twins };
  }

  /** Children of the jobs that were last asked for, by Batch state, as last seen; for the live line. */
  status(): Readonly<Record<string, number>> {
    const sum: Record<string, number> = {};
    for (const name of this.#watch.names) {
      for (const [state, count] of Object.entries(this.#records.get(name)?.counts ?? {})) {
        if (count > 0) sum[state] = (sum[state] ?? 0) + count;
      }
    }
    return sum;
  }

  watch(_listener: (hint: BackendHint) => void): void {
    // Batch tells nothing by itself.
  }

  async submit(spec: JobSpec, options?: AbortOptions): Promise<void> {
    this.#check(options);
    if (this.#records.has(spec.name)) return;
    const old = this.#flights.get(spec.name);
    const flight = old === undefined || old.dropped ? this.#start(spec) : old;
    flight.waiting += 1;
    try {
      await untilAborted(flight.done, options?.signal);
    } finally {
      flight.waiting -= 1;
    }
  }

  async changes(jobs: readonly JobName[], options?: AbortOptions): Promise<readonly ChildChange[]> {
    this.#check(options);
    return this.#watch.changes(jobs, this.#closing.signal);
  }

  async cancel(children: readonly ChildRef[], reason: string, options?: AbortOptions): Promise<void> {
    this.#check(options);
    const byJob = new Map<JobName, Set<number>>();
    for (const { job, child } of children) byJob.set(job, (byJob.get(job) ?? new Set()).add(child));
    const targets: Target[] = [];
    const records: JobRecord[] = [];
    for (const [name, wanted] of byJob) {
      const record = await this.#recordOf(name, options);
      if (record === undefined) continue;
      records.push(record);
      targets.push(...Canceller.mark(record, wanted));
    }
    // A second call for the same children finds them marked; they are asked for again, as the first may have failed.
    await this.#canceller.terminate(targets, reason, options);
    for (const record of records) this.#watch.expect(record);
  }

  async list(options?: AbortOptions): Promise<readonly LiveJob[]> {
    this.#check(options);
    const found = await this.#finder.live(`${this.#parts.host.managerId}-`, this.#queues(), options);
    this.#listed.clear();
    const twins: Target[] = [];
    for (const job of found) {
      const first = this.#records.get(job.name)?.id ?? this.#listed.get(job.name)?.id;
      if (first === undefined || first === job.id) this.#listed.set(job.name, job);
      else twins.push({ id: job.id, isArray: job.children > 1 });
    }
    await this.#endTwins(twins, options);
    return [...this.#listed.values()].map(({ name, children }) => ({ name, children }));
  }

  async adopt(names: readonly JobName[], options?: AbortOptions): Promise<readonly FoundJob[]> {
    this.#check(options);
    const wanted = [...new Set(names)];
    if (wanted.filter((name) => !this.#listed.has(name)).length > LOOK_UP_MOST) await this.list(options);
    const ids = new Map<string, Listed>();
    for (const name of wanted) {
      const own = this.#records.get(name)?.id;
      const known = this.#listed.get(name);
      const job = known ?? (await this.#finder.byName(name, this.#queues(), "poll", options))[0];
      if (job !== undefined) ids.set(own ?? job.id, job);
    }
    const details = await this.#finder.details([...ids.keys()], options);
    const found: FoundJob[] = [];
    for (const [id, { name }] of ids) {
      const detail = details.get(id);
      const read = readParameters(name, detail?.parameters ?? {}, this.#parts.host.managerId);
      if (detail === undefined || detail.jobName !== name || read === undefined) {
        this.#parts.host.log.warn("a job is not taken over: its parameters are not those of this manager", {
          job: name,
        });
        continue;
      }
      const children = detail.arrayProperties?.size ?? 1;
      const attempts = detail.retryStrategy?.attempts ?? 1;
      const since = this.#parts.host.clock.now();
      const { profile } = read;
      this.#records.set(name, new JobRecord({ name, id, children, profile, attempts, since }, 0));
      found.push({ ...read, children, live: detail.status !== "SUCCEEDED" && detail.status !== "FAILED" });
    }
    return found;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#closing.signal.aborted) return;
    this.#closing.abort(new AdapterError("unavailable", "the batch backend is closed"));
    this.#parts.gate.close();
    const calm = new AbortController();
    const late = this.#parts.host.clock.sleep(CLOSE_MS, calm).catch(() => undefined);
    const quiet = Promise.allSettled([...[...this.#flights.values()].map(({ done }) => done), this.#watch.idle()]);
    await Promise.race([quiet, late]);
    calm.abort();
    this.#parts.api.close();
  }

  #check(options: AbortOptions | undefined): void {
    options?.signal?.throwIfAborted();
    this.#closing.signal.throwIfAborted();
  }

  #queues(): readonly string[] {
    return [...new Set([...this.#parts.profiles.values()].map(({ queueArn }) => queueArn))];
  }

  #queueOf(profile: string): string {
    return this.#parts.profiles.get(profile)?.queueArn ?? this.#queues()[0] ?? "";
  }

  /** Begins a submit that goes on when its caller gives up: then nothing is sent, or the job is known. */
  #start(spec: JobSpec): Flight {
    const { profiles, requests, host } = this.#parts;
    const { name, children, payload } = spec;
    if (children < 1 || children > MAX_CHILDREN) {
      throw new AdapterError(
        "too-large",
        `job ${name}: ${children} children, AWS Batch runs 1 to ${MAX_CHILDREN} a job`,
      );
    }
    if (payload.kind === "inline" && payload.bundle.length > this.traits.inlineBytes) {
      const text = `job ${name}: ${payload.bundle.length} bytes inline, limit ${this.traits.inlineBytes}`;
      throw new AdapterError("too-large", text);
    }
    const profile = profiles.get(spec.profile);
    if (profile === undefined) throw new AdapterError("rejected", `job ${name}: there is no profile ${spec.profile}`);
    const request = submitRequest(spec, profile, requests);
    const run = async (): Promise<void> => {
      try {
        const { id, twinPossible } = await this.#submitter.submit(request, this.#doubtful.has(name), () => {
          flight.dropped = flight.waiting === 0 || this.#closing.signal.aborted;
          return !flight.dropped;
        });
        this.#doubtful.delete(name);
        const { attempts, profile: of } = spec;
        const since = host.clock.now();
        this.#remember(new JobRecord({ name, id, children, profile: of, attempts, since }, this.#times.firstLookMs));
        if (twinPossible) void this.#seekTwin(name, id, profile.queueArn);
      } catch (reason) {
        if (reason === UNWANTED) return this.#closing.signal.throwIfAborted();
        if (!(reason instanceof UnknownOutcome)) throw reason;
        this.#doubtful.add(name);
        throw reason.failure;
      } finally {
        if (this.#flights.get(name) === flight) this.#flights.delete(name);
      }
    };
    // One turn later: the caller counts as waiting by then.
    const flight: Flight = { done: Promise.resolve().then(run), waiting: 0, dropped: false };
    flight.done.catch(() => undefined);
    this.#flights.set(name, flight);
    return flight;
  }

  #remember(record: JobRecord): void {
    this.#records.set(record.name, record);
    if (this.#records.size <= REMEMBERED + this.#watch.names.length) return;
    const asked = new Set(this.#watch.names);
    for (const name of this.#records.keys()) {
      if (this.#records.size <= REMEMBERED) break;
      if (!asked.has(name) && name !== record.name) this.#records.delete(name);
    }
  }

  /** The job of this name, also when its submit is still under way, had no outcome, or was an earlier process's. */
  async #recordOf(name: JobName, options?: AbortOptions): Promise<JobRecord | undefined> {
    const flight = this.#flights.get(name);
    if (flight !== undefined)
      await untilAborted(
        flight.done.catch(() => undefined),
        options?.signal,
      );
    const known = this.#records.get(name);
    if (known !== undefined) return known;
    const job = this.#listed.get(name) ?? (await this.#finder.byName(name, this.#queues(), "cancel", options))[0];
    if (job === undefined) return undefined;
    const { id, children } = job;
    const since = this.#parts.host.clock.now();
    return new JobRecord({ name, id, children, profile: "", attempts: 1, since }, this.#times.firstLookMs);
  }

  async #giveUp(record: JobRecord, reason: string): Promise<void> {
    const minutes = Math.round((this.#parts.settings.runnableTimeoutMs ?? 0) / 60_000);
    const text = `no machine within ${minutes} minutes: ${reason}`;
    record.givenUp ??= { kind: "definition", reason: text };
    await this.#canceller.terminate(Canceller.mark(record, record.open()), text, { signal: this.#closing.signal });
  }

  /** After a submit that was sent twice: a job that became visible late is ended. What is missed here is found by `list`. */
  async #seekTwin(name: JobName, id: string, queue: string): Promise<void> {
    const options = { signal: this.#closing.signal };
    try {
      await this.#parts.host.clock.sleep(TWIN_AFTER_DELAYS * this.#times.visibilityMs, options);
      const all = await this.#finder.byName(name, [queue], "poll", options);
      const twins = all.filter((job) => job.id !== id).map((job) => ({ id: job.id, isArray: job.children > 1 }));
      await this.#endTwins(twins, options);
    } catch (reason) {
      if (!this.#closing.signal.aborted) {
        this.#parts.host.log.debug("twins of a job were not looked for", { job: name, reason: String(reason) });
      }
    }
  }

  async #endTwins(twins: readonly Target[], options?: AbortOptions): Promise<void> {
    if (twins.length === 0) return;
    this.#parts.host.log.warn("jobs that were submitted twice are ended", { count: twins.length });
    await this.#canceller.terminate(twins, "submitted twice", options);
    this.#twins += twins.length;
  }
}
