import { amount, corrupt, fields, flag, list, parseHeader, text, whole, word } from "./header-fields.ts";

const OWNER = /^[0-9a-f]{32}$/;
/** `Worker|<name>|<32 hex>`, as the manager makes them. */
const WORKER = /^Worker\|[^|\p{Cc}]{1,64}\|[0-9a-f]{32}$/u;

/** A worker id that the scheduler may know. */
export interface LeaseWorker {
  readonly id: string;
  readonly profile: string;
  /** How long the scheduler had not answered it when the lease was written, in milliseconds. @default 0 */
  readonly silent?: number;
}

/** Who holds a manager's id, and under which workers the scheduler knows that manager: the one object under `v1/managers/<manager>/lease`. */
export interface LeaseRecord {
  /** Grows by one with each process that holds the id; part of every job's name. */
  readonly epoch: number;
  /** Random id of the process, hex of 16 bytes. */
  readonly owner: string;
  readonly host: string;
  readonly pid: number;
  /** Milliseconds since the epoch, by the owner's clock; for people to read. */
  readonly renewed: number;
  /** The owner has left in order: nobody needs to be waited for. */
  readonly released: boolean;
  /** Identity of the scheduler that was met last, where it told. */
  readonly scheduler?: string | undefined;
  /** Written before a worker's first heartbeat, removed after it has left. */
  readonly workers: readonly LeaseWorker[];
}

/** Writes a lease. */
export function encodeLease(lease: LeaseRecord): Uint8Array {
  const { epoch, owner, host, pid, renewed, released, scheduler, workers } = lease;
  return Buffer.from(`${JSON.stringify({ v: 1, epoch, owner, host, pid, renewed, released, scheduler, workers })}\n`);
}

/** Reads a lease. @throws {AdapterError} `corrupt`, `incompatible` */
export function decodeLease(key: string, bytes: Uint8Array): LeaseRecord {
  const where = `lease ${key}`;
  const lease = parseHeader(where, Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength));
  const epoch = whole(`${where} epoch`, lease.epoch);
  if (epoch < 1) throw corrupt(where, "its epoch is below 1");
  return {
    epoch,
    owner: word(`${where} owner`, lease.owner, OWNER),
    host: text(`${where} host`, lease.host, 256),
    pid: whole(`${where} pid`, lease.pid),
    renewed: amount(`${where} renewed`, lease.renewed),
    released: flag(`${where} released`, lease.released),
    ...(lease.scheduler !== undefined && { scheduler: text(`${where} scheduler`, lease.scheduler, 1024) }),
    workers: list(`${where} workers`, lease.workers).map((value, index): LeaseWorker => {
      const worker = fields(`${where} worker ${index}`, value);
      return {
        id: word(`${where} worker ${index} id`, worker.id, WORKER),
        profile: text(`${where} worker ${index} profile`, worker.profile, 128),
        ...(worker.silent !== undefined && { silent: amount(`${where} worker ${index} silent`, worker.silent) }),
      };
    }),
  };
}
