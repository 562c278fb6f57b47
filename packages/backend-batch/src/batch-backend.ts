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
  isAdapterError,
  type JobName,
  type JobSpec,
  type LiveJob,
} from "@scaler-aws-hpc/adapter-core";
import type { BatchApi } from "./batch-api.ts";
import type { CallGate } from "./call-gate.ts";
import { Canceller, type Target } from "./canceller.ts";
import { JobCensus } from "./job-census.ts";
import { JobFinder } from "./job-finder.ts";
import { JobLook, type RepeatCounters } from "./job-look.ts";
import { JobRecord } from "./job-record.ts";
import { definitionFor, NO_NODE_DEFINITION, type RequestHost, roomForInline, submitRequest } from "./job-request.ts";
import { JobWatch, WATCH_TIMES, type WatchTimes } from "./job-watch.ts";
import { LogTails } from "./log-tails.ts";
import type { OpenProfile } from "./open-profile.ts";
import { RunnableWatch } from "./runnable-watch.ts";
import type { BatchSettings } from "./settings.ts";
import { StartTimes } from "./start-times.ts";
import { SubmitFlights } from "./submit-flights.ts";
import { type Submitted, Submitter } from "./submitter.ts";

/** Most children of an array job. */
const MAX_CHILDREN = 10_000;
/** Jobs that are remembered after nobody asks for them any more, so that a repeated submit is answered. */
const REMEMBERED = 5_000;
/** How long a close waits for requests that are under way, in milliseconds. */
const CLOSE_MS = 2_000;

/** What {@link BatchBackend} is made of. */
export interface BatchBackendParts {
  readonly host: BackendHost;
  readonly api: BatchApi;
  readonly gate: CallGate;
  readonly settings: BatchSettings;
  readonly profiles: ReadonlyMap<string, OpenProfile>;
  /** Looks at a profile's queue and definition anew. */
  readonly reopen: (profile: OpenProfile) => Promise<OpenProfile | undefined>;
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

/** Runs jobs on AWS Batch, single ones and arrays. They go on when this process dies; disposal leaves them alone. */
export class BatchBackend implements Backend {
  readonly traits: BackendTraits;
  readonly #parts: BatchBackendParts;
  readonly #times: WatchTimes;
  readonly #look: JobLook;
  readonly #watch: JobWatch;
  readonly #canceller: Canceller;
  readonly #census: JobCensus;
  readonly #flights: SubmitFlights;
  readonly #profiles: Map<string, OpenProfile>;
  readonly #reopening = new Map<string, Promise<OpenProfile | undefined>>();
  readonly #records = new Map<JobName, JobRecord>();
  readonly #closing = new AbortController();

  constructor(parts: BatchBackendParts) {
    this.#parts = parts;
    const { host, api, gate, settings, requests } = parts;
    const profiles = new Map(parts.profiles);
    this.#profiles = profiles;
    const { clock, log } = host;
    this.#times = { ...WATCH_TIMES, ...parts.times };
    const starts = new StartTimes(settings.startMs);
    const rooms = [...profiles.values()].map((profile) => roomForInline(profile, requests, host));
    if (rooms.some((room) => room <= 0)) {
      log.warn("the job definition leaves no room for bundles in job parameters: every job takes its bundle from S3");
    }
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
      pollMs: 100,
      pollMostMs: 5_000,
    };
    const queueOf = (profile: string): string => this.#queueOf(profile);
    const onSpot = (profile: string): boolean => profiles.get(profile)?.onSpot ?? false;
    const { visibilityMs } = this.#times;
    const { signal } = this.#closing;
    const records = this.#records;
    const queues = [...new Set([...profiles.values()].map(({ queueArn }) => queueArn))];
    const finder = new JobFinder(api, gate);
    const canceller = new Canceller(api, gate, log);
    this.#canceller = canceller;
    this.#census = new JobCensus({ host, finder, canceller, records, queues, visibilityMs, signal });
    const submitter = new Submitter({ api, gate, finder, clock, log, visibilityMs, signal });
    this.#flights = new SubmitFlights(submitter, signal);
    this.#look = new JobLook({ finder, tails: new LogTails(api, clock, log), starts, log, onSpot });
    const runnable = new RunnableWatch({ api, gate, finder, clock, log, queueOf }, settings);
    const giveUp = (record: JobRecord, reason: string): Promise<void> => this.#giveUp(record, reason);
    const watched = { clock, finder, look: this.#look, runnable, records, queues, queueOf, giveUp };
    this.#watch = new JobWatch(watched, this.#times);
  }

  /** Figures for monitors. */
  get counters(): BatchCounters {
    return { ...this.#parts.gate.counters, repeated: { ...this.#look.repeated }, twins: this.#census.twins };
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

  refuses(runner: string, profile: string): string | undefined {
    const open = this.#profiles.get(profile);
    if (open === undefined) return `there is no profile ${profile}`;
    return definitionFor(open, runner) === undefined ? NO_NODE_DEFINITION : undefined;
  }

  watch(_listener: (hint: BackendHint) => void): void {
    // Batch tells nothing by itself.
  }

  async submit(spec: JobSpec, options?: AbortOptions): Promise<void> {
    this.#check(options);
    if (this.#records.has(spec.name)) return;
    const { name, children, payload, attempts } = spec;
    if (children < 1 || children > MAX_CHILDREN) {
      const text = `job ${name}: ${children} children, AWS Batch runs 1 to ${MAX_CHILDREN} a job`;
      throw new AdapterError("too-large", text);
    }
    if (payload.kind === "inline" && payload.bundle.length > this.traits.inlineBytes) {
      const text = `job ${name}: ${payload.bundle.length} bytes inline, limit ${this.traits.inlineBytes}`;
      throw new AdapterError("too-large", text);
    }
    const profile = this.#profiles.get(spec.profile);
    if (profile === undefined) throw new AdapterError("rejected", `job ${name}: there is no profile ${spec.profile}`);
    const landed = ({ id, twinPossible }: Submitted): void => {
      const fields = { name, id, children, profile: spec.profile, attempts, since: this.#parts.host.clock.now() };
      this.#remember(new JobRecord(fields, this.#times.firstLookMs));
      if (twinPossible) void this.#census.seekTwin(name, id, profile.queueArn);
    };
    const send = async (open: OpenProfile): Promise<void> =>
      await this.#flights.submit(submitRequest(spec, open, this.#parts.requests), landed, options);
    try {
      await send(profile);
    } catch (reason) {
      const changed = await this.#reopened(profile, reason);
      if (changed === undefined) throw reason;
      await send(changed);
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
    return await this.#census.list(options);
  }

  async adopt(names: readonly JobName[], options?: AbortOptions): Promise<readonly FoundJob[]> {
    this.#check(options);
    return await this.#census.adopt(names, options);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#closing.signal.aborted) return;
    this.#closing.abort(new AdapterError("unavailable", "the batch backend is closed"));
    this.#parts.gate.close();
    const calm = new AbortController();
    const late = this.#parts.host.clock.sleep(CLOSE_MS, calm).catch(() => undefined);
    const quiet = Promise.allSettled([this.#flights.settled(), this.#watch.idle()]);
    await Promise.race([quiet, late]);
    calm.abort();
    this.#parts.api.close();
  }

  #check(options: AbortOptions | undefined): void {
    options?.signal?.throwIfAborted();
    this.#closing.signal.throwIfAborted();
  }

  #queueOf(profile: string): string {
    const [first] = this.#profiles.values();
    return (this.#profiles.get(profile) ?? first)?.queueArn ?? "";
  }

  /** The revision that was found at the start may be deregistered while we run: the profile with the one that is the latest now, if there is another. */
  async #reopened(profile: OpenProfile, reason: unknown): Promise<OpenProfile | undefined> {
    if (!isAdapterError(reason) || reason.code !== "rejected" || !/job ?definition/i.test(reason.message)) return;
    const { name } = profile.settings;
    const reopening = this.#reopening.get(name) ?? this.#parts.reopen(profile);
    this.#reopening.set(name, reopening);
    try {
      const changed = await reopening;
      const arns = ({ definition, nodeDefinition }: OpenProfile): string =>
        [definition, nodeDefinition].flatMap((one) => one?.jobDefinitionArn ?? []).join(", ");
      if (changed === undefined || arns(changed) === arns(profile)) return;
      this.#profiles.set(name, changed);
      const definition = arns(changed);
      this.#parts.host.log.info("the job definition has a new revision, which is used from now on", { definition });
      return changed;
    } finally {
      this.#reopening.delete(name);
    }
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
    await this.#flights.settled(name, options);
    const known = this.#records.get(name);
    if (known !== undefined) return known;
    const job = await this.#census.find(name, "cancel", options);
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
}
