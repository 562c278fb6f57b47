import { type JobKeeper, type Log, type PayloadStore, systemClock } from "@scaler-aws-hpc/adapter-core";
import { identityOf } from "../options/plugin-options.ts";
import { type Deployment, managerIdOf, openKeeper, openStore, workerManagerIdOf } from "../start/deployment.ts";
import { everyManager, livingManagers, type ManagerState, readLease, type ShownLease } from "./managers.ts";

/** What became of a manager's jobs. */
export interface KilledJobs {
  /** Asked to stop. */
  readonly jobs: readonly string[];
  /** Of those, still there when we stopped looking. */
  readonly stopping: readonly string[];
}

const NOBODY = "orphans";
const REASON = "stopped by scaler-aws-hpc orphans kill";
const LOOK_MS = 1_000;
const LOOKS = 15;

/** Looks after the jobs that managers of a deployment left, without being a manager. */
export class OrphanKeeper implements AsyncDisposable {
  readonly #deployment: Deployment;
  readonly #log: Log;
  readonly #store: PayloadStore;
  readonly #keepers = new Map<string, JobKeeper>();

  private constructor(deployment: Deployment, log: Log, store: PayloadStore) {
    this.#deployment = deployment;
    this.#log = log;
    this.#store = store;
  }

  /** Opens the store of a deployment; a keeper of jobs for each manager that is looked at. @throws {AdapterError} `config`, `denied`, `unavailable` */
  static async open(deployment: Deployment, log: Log): Promise<OrphanKeeper> {
    return new OrphanKeeper(deployment, log, await openStore(deployment, log, NOBODY));
  }

  /** Where it looks and nowhere else, as `name=value`: bucket, prefix and queue on AWS; then the profiles, whose queues it looks at too. */
  get places(): readonly string[] {
    const { store, backend, resolved, profiles } = this.#deployment;
    const named = profiles.slice(1).map(({ name }) => `profile=${name}`);
    return [...identityOf([store, backend], resolved), ...named];
  }

  /** The managers in question: that of the settings, or every one with a lease in the store. @throws {CliError | AdapterError} */
  async managers(all: boolean): Promise<readonly string[]> {
    if (all) return await everyManager(this.#store);
    return [managerIdOf(this.#deployment, workerManagerIdOf(this.#deployment))];
  }

  /** Who holds a manager's id, and its live jobs. @throws {CliError | AdapterError} `config` where jobs end with their manager */
  async look(managerId: string): Promise<ManagerState> {
    const keeper = await this.#keeper(managerId);
    const [lease, jobs] = await Promise.all([readLease(this.#store, managerId), keeper.list()]);
    return { managerId, lease, jobs: jobs.toSorted((a, b) => (a.name < b.name ? -1 : 1)) };
  }

  /** Which of these managers live, as {@link livingManagers}: takes up to 15 s where it is in doubt. @throws {AdapterError} */
  async living(
    managerIds: readonly string[],
    onWait?: (count: number) => void,
  ): Promise<ReadonlyMap<string, ShownLease>> {
    return await livingManagers(this.#store, managerIds, systemClock, onWait);
  }

  /** Stops the jobs that {@link look} found, and waits a little while until they are gone. @throws {AdapterError} */
  async kill({ managerId, jobs }: ManagerState): Promise<KilledJobs> {
    const names = jobs.map(({ name }) => name);
    if (names.length === 0) return { jobs: [], stopping: [] };
    const keeper = await this.#keeper(managerId);
    await keeper.end(names, REASON);
    let stopping = names;
    for (let look = 0; look < LOOKS && stopping.length > 0; look++) {
      await systemClock.sleep(LOOK_MS);
      const live = new Set((await keeper.list()).map(({ name }) => name));
      stopping = names.filter((name) => live.has(name));
    }
    return { jobs: names, stopping };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.allSettled([...this.#keepers.values()].map((keeper) => keeper[Symbol.asyncDispose]()));
    await this.#store[Symbol.asyncDispose]();
  }

  async #keeper(managerId: string): Promise<JobKeeper> {
    const known = this.#keepers.get(managerId);
    if (known !== undefined) return known;
    const keeper = await openKeeper(this.#deployment, this.#log, managerId);
    this.#keepers.set(managerId, keeper);
    return keeper;
  }
}
