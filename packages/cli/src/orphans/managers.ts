import {
  type Clock,
  decodeLease,
  type LeaseRecord,
  type LiveJob,
  leaseKey,
  type PayloadStore,
  thisProcess,
} from "@scaler-aws-hpc/adapter-core";

/** What is known of one manager of a deployment. */
export interface ManagerState {
  readonly managerId: string;
  /** Who holds its id, or held it last; `undefined` when nobody ever did. */
  readonly lease: ShownLease | undefined;
  /** Its jobs that may still run. */
  readonly jobs: readonly LiveJob[];
}

/** A lease as people read it. */
export interface ShownLease {
  readonly host: string;
  readonly pid: number;
  /** How many processes have held it. */
  readonly epoch: number;
  /** Seconds since it was renewed, by this machine's clock and that of the owner. */
  readonly ageSeconds: number;
  /** Left in order. */
  readonly released: boolean;
  /** Seems to be held: not released, and renewed within {@link SEEMS_ALIVE_MS}. A guess for people, as clocks differ; {@link livingManagers} decides. */
  readonly alive: boolean;
  /** Workers under which the scheduler may know the manager. */
  readonly workers: number;
}

/** How long a lease lives that is not renewed; its owner renews it every 5 s. As for the next manager that wants the id. */
export const LEASE_MS = 15_000;

/** Time between two looks at a lease. */
const LOOK_MS = 1_000;

/** Twice that, because the owner's clock may differ from ours. */
const SEEMS_ALIVE_MS = 2 * LEASE_MS;

/** Where leases stand in every store; see docs/formats.md. */
const LEASES = "v1/managers/";
const LEASE = /^v1\/managers\/([a-z0-9-]{1,40})\/lease$/;

/** The ids of every manager that ever held a lease in this store. @throws {AdapterError} */
export async function everyManager(store: PayloadStore): Promise<readonly string[]> {
  const found: string[] = [];
  for await (const { key } of store.list(LEASES)) {
    const [, managerId] = LEASE.exec(key) ?? [];
    if (managerId !== undefined) found.push(managerId);
  }
  return found;
}

/** Reads who holds a manager's id. @param nowMs milliseconds since the epoch. @throws {AdapterError} */
export async function readLease(
  store: PayloadStore,
  managerId: string,
  nowMs: number = Date.now(),
): Promise<ShownLease | undefined> {
  const found = await getLease(store, managerId);
  return found === undefined ? undefined : shownLease(found.record, nowMs);
}

/**
 * Which of these managers live, and their leases. Whoever has left in order, or is a process of this host that is gone, does not; of the others it
 * is known when somebody renews the lease, or nobody did for {@link LEASE_MS}. No clock but our own has a say.
 *
 * @param onWait called before that wait, with the number of managers in doubt.
 * @throws {AdapterError}
 */
export async function livingManagers(
  store: PayloadStore,
  managerIds: readonly string[],
  clock: Pick<Clock, "sleep">,
  onWait: (count: number) => void = () => {},
): Promise<ReadonlyMap<string, ShownLease>> {
  const doubtful = new Map<string, string>();
  for (const managerId of managerIds) {
    const lease = await getLease(store, managerId);
    if (lease !== undefined && isHeld(lease.record)) doubtful.set(managerId, lease.etag);
  }
  if (doubtful.size > 0) onWait(doubtful.size);
  const living = new Map<string, ShownLease>();
  for (let waitedMs = 0; waitedMs < LEASE_MS && doubtful.size > 0; waitedMs += LOOK_MS) {
    await clock.sleep(LOOK_MS);
    for (const [managerId, etag] of doubtful) {
      const lease = await getLease(store, managerId);
      if (lease?.etag === etag) continue;
      doubtful.delete(managerId);
      if (lease !== undefined && isHeld(lease.record))
        living.set(managerId, { ...shownLease(lease.record, Date.now()), alive: true });
    }
  }
  return living;
}

/** Who has an orphan, in words. */
export function leaseText(lease: ShownLease | undefined): string {
  if (lease === undefined) return "no manager has held this id";
  const { host, pid, ageSeconds, released, alive } = lease;
  const who = `${host}, process ${pid}`;
  const when = `renewed ${ageSeconds} s ago`;
  if (released) return `left in order by ${who}, ${ageSeconds} s ago`;
  return alive ? `held by ${who}, ${when}` : `held last by ${who}, ${when}`;
}

async function getLease(
  store: PayloadStore,
  managerId: string,
): Promise<{ readonly record: LeaseRecord; readonly etag: string } | undefined> {
  const key = leaseKey(managerId);
  const found = await store.get(key, { maxBytes: 1 << 20 });
  return found === undefined ? undefined : { record: decodeLease(key, found.body), etag: found.etag };
}

const hasEnded = ({ host, pid }: Pick<LeaseRecord, "host" | "pid">): boolean =>
  thisProcess().alive(host, pid) === false;

const isHeld = (record: LeaseRecord): boolean => !record.released && !hasEnded(record);

function shownLease({ host, pid, epoch, renewed, released, workers }: LeaseRecord, nowMs: number): ShownLease {
  const ageMs = Math.max(0, nowMs - renewed);
  const alive = !released && ageMs < SEEMS_ALIVE_MS && !hasEnded({ host, pid });
  return { host, pid, epoch, ageSeconds: Math.round(ageMs / 1_000), released, alive, workers: workers.length };
}
