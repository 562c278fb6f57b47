import { type Connection, connectWithRetry, type RetryOptions } from "@scaler-aws-hpc/scaler-protocol";
import { random16 } from "../session/identity.ts";
import type { IdleLimits } from "../session/object-table.ts";
import type { StoragePort } from "../session/ports.ts";
import { StorageLink, type StorageLinkOptions } from "../session/storage-link.ts";
import { type PreparedTask, prepareTask } from "../task/prepare-task.ts";
import type { Task } from "../task/task.ts";
import { type ClientClock, systemClock } from "./clock.ts";

/** All that a client takes from outside itself, so that a simulation can be its whole world. */
export interface Outside {
  readonly clock: ClientClock;
  /** A new id: 16 bytes, lower-case hex. */
  readonly newId: () => string;
  /** As `connectWithRetry` of `scaler-protocol`. */
  readonly connect: (address: string, options: RetryOptions) => Promise<Connection>;
  /** @throws {ClientError} `unavailable`, `config`. The signal's reason. */
  readonly openStorage: (address: string, options: StorageLinkOptions) => Promise<OpenStorage>;
  /** Makes the function object of a task. @throws {ClientError} `task`, `bundle`, `too-large`, `config` */
  readonly prepare: (task: Task<never[], unknown>) => Promise<PreparedTask>;
  /** What unused objects may take. @default 1,024 objects, 64 MiB */
  readonly idleLimits?: IdleLimits;
}

/** An object storage that was connected to. */
export interface OpenStorage extends StoragePort {
  /** Numbering of the cluster's messages, where the storage's greeting told it. */
  readonly magic: 1 | 2 | undefined;
}

/** The machine's clock and sockets, random ids, and the bundler. */
export const realOutside: Outside = {
  clock: systemClock,
  newId: random16,
  connect: connectWithRetry,
  openStorage: StorageLink.open,
  prepare: prepareTask,
};
