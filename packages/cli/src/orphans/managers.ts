import { hostname } from "node:os";
import { decodeLease, type LeaseRecord, type LiveJob, leaseKey, type PayloadStore } from "@scaler-aws-hpc/adapter-core";

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
  /** It has to be taken for held: not released, and renewed within {@link LEASE_ALIVE_MS}. */
  readonly alive: boolean;
  /** Workers under which the scheduler may know the manager. */
  readonly workers: number;
}

/** A lease lives for 15 s unless it is renewed; twice that, because the owner's clock may differ from ours. */
const LEASE_ALIVE_MS = 30_000;

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
  const key = leaseKey(managerId);
  const found = await store.get(key, { maxBytes: 1 << 20 });
  return found === undefined ? undefined : shownLease(decodeLease(key, found.body), nowMs);
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

/** Whether a process is known to be gone: of other hosts nothing is known. */
function hasEnded(host: string, pid: number): boolean {
  if (host !== hostname() || pid < 1) return false;
  try {
    process.kill(pid, 0);
    return false;
  } catch (reason) {
    return (reason as NodeJS.ErrnoException).code === "ESRCH";
  }
}

function shownLease({ host, pid, epoch, renewed, released, workers }: LeaseRecord, nowMs: number): ShownLease {
  const ageMs = Math.max(0, nowMs - renewed);
  const alive = !released && ageMs < LEASE_ALIVE_MS && !hasEnded(host, pid);
  return { host, pid, epoch, ageSeconds: Math.round(ageMs / 1_000), released, alive, workers: workers.length };
}
