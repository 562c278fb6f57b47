import type { AbortOptions, BackendHost, FoundJob, JobName, LiveJob } from "@scaler-aws-hpc/adapter-core";
import type { Canceller, Target } from "./canceller.ts";
import type { JobFinder, Listed } from "./job-finder.ts";
import { readParameters } from "./job-parameters.ts";
import { JobRecord } from "./job-record.ts";

/** Names above which a listing is cheaper than looking each one up. */
const LOOK_UP_MOST = 5;
const TWIN_AFTER_DELAYS = 3;

/** What a {@link JobCensus} works with. */
export interface CensusParts {
  readonly host: Pick<BackendHost, "clock" | "log" | "managerId">;
  readonly finder: JobFinder;
  readonly canceller: Canceller;
  readonly records: Map<JobName, JobRecord>;
  readonly queues: readonly string[];
  readonly visibilityMs: number;
  /** Aborted when the backend closes. */
  readonly signal: AbortSignal;
}

/** Knows which jobs of this manager there are, whoever submitted them; takes them over, and ends twins. */
export class JobCensus {
  readonly #parts: CensusParts;
  /** What the last listing saw. */
  readonly #listed = new Map<JobName, Listed>();
  #twins = 0;

  constructor(parts: CensusParts) {
    this.#parts = parts;
  }

  /** Jobs that turned out to be twins of others and were ended. */
  get twins(): number {
    return this.#twins;
  }

  /** Every live job of this manager. Of two with one name the known one counts, and the other is ended; of unknown ones the older. */
  async list(options?: AbortOptions): Promise<readonly LiveJob[]> {
    const { finder, host, queues, records } = this.#parts;
    const found = await finder.live(`${host.managerId}-`, queues, options);
    this.#listed.clear();
    const twins: Target[] = [];
    for (const job of found) {
      const known = records.get(job.name)?.id;
      // Whose twins of unknown jobs are is for the process to say that knows them.
      if (known === undefined ? !this.#listed.has(job.name) : known === job.id) this.#listed.set(job.name, job);
      else if (known !== undefined) twins.push({ id: job.id, isArray: job.children > 1 });
    }
    await this.#endTwins(twins, options);
    return [...this.#listed.values()].map(({ name, children }) => ({ name, children }));
  }

  /** A job by name, from the last listing or looked up. */
  async find(name: JobName, priority: "cancel" | "poll", options?: AbortOptions): Promise<Listed | undefined> {
    const { finder, queues } = this.#parts;
    return this.#listed.get(name) ?? (await finder.byName(name, queues, priority, options))[0];
  }

  /** Makes records of jobs that an earlier process submitted. Those that are not this manager's by their parameters are left alone, with a warning. */
  async adopt(names: readonly JobName[], options?: AbortOptions): Promise<readonly FoundJob[]> {
    const { host, finder, records } = this.#parts;
    const wanted = [...new Set(names)];
    if (wanted.filter((name) => !this.#listed.has(name)).length > LOOK_UP_MOST) await this.list(options);
    const ids = await this.#ids(wanted, options);
    const details = await finder.details([...ids.keys()], options);
    const found: FoundJob[] = [];
    for (const [id, name] of ids) {
      const detail = details.get(id);
      if (detail === undefined) continue;
      const read = detail.jobName === name ? readParameters(name, detail.parameters ?? {}, host.managerId) : undefined;
      if (read === undefined) {
        host.log.warn("a job is not taken over: its parameters are not those of this manager", { job: name });
        continue;
      }
      const children = detail.arrayProperties?.size ?? 1;
      const attempts = detail.retryStrategy?.attempts ?? 1;
      const since = host.clock.now();
      records.set(name, new JobRecord({ name, id, children, profile: read.profile, attempts, since }, 0));
      found.push({ ...read, children, live: detail.status !== "SUCCEEDED" && detail.status !== "FAILED" });
    }
    return found;
  }

  /** Names by id, of those that Batch knows. Many names that are in no listing (jobs that are over) are looked up by what they have in common. */
  async #ids(names: readonly JobName[], options?: AbortOptions): Promise<ReadonlyMap<string, JobName>> {
    const { finder, queues, records } = this.#parts;
    const found = new Map<JobName, string>();
    const missing = new Map<string, Set<JobName>>();
    for (const name of names) {
      const id = records.get(name)?.id ?? this.#listed.get(name)?.id;
      if (id !== undefined) found.set(name, id);
      else missing.set(stem(name), (missing.get(stem(name)) ?? new Set()).add(name));
    }
    for (const [common, wanted] of missing) {
      const jobs =
        wanted.size > LOOK_UP_MOST
          ? await finder.byNames(`${common}*`, wanted, queues, options)
          : (await Promise.all([...wanted].map((name) => finder.byName(name, queues, "poll", options)))).flat();
      for (const { name, id } of jobs) if (!found.has(name)) found.set(name, id);
    }
    return new Map([...found].map(([name, id]) => [id, name]));
  }

  /** After a submit that was sent twice: a job that became visible late is ended. What is missed here is found by {@link list}. */
  async seekTwin(name: JobName, id: string, queue: string): Promise<void> {
    const { host, finder, visibilityMs, signal } = this.#parts;
    try {
      await host.clock.sleep(TWIN_AFTER_DELAYS * visibilityMs, { signal });
      const all = await finder.byName(name, [queue], "poll", { signal });
      const twins = all.filter((job) => job.id !== id).map((job) => ({ id: job.id, isArray: job.children > 1 }));
      await this.#endTwins(twins, { signal });
    } catch (reason) {
      if (!signal.aborted) host.log.debug("twins of a job were not looked for", { job: name, reason: String(reason) });
    }
  }

  async #endTwins(twins: readonly Target[], options?: AbortOptions): Promise<void> {
    if (twins.length === 0) return;
    const { host, canceller } = this.#parts;
    host.log.warn("jobs that were submitted twice are ended", { count: twins.length });
    await canceller.terminate(twins, "submitted twice", options);
    this.#twins += twins.length;
  }
}

/** What names of one process have in common: all but the number at the end. */
function stem(name: JobName): string {
  return name.replace(/[0-9]+$/, "");
}
