import type { Log } from "@scaler-aws-hpc/adapter-core";
import type { TlsOptions } from "@scaler-aws-hpc/scaler-protocol";

/** Where a cluster is and how it is reached. */
export interface ClusterOptions {
  /** Address of the scheduler, for the manager's own connection. */
  readonly schedulerAddress: string;
  /** Address of the scheduler for workers. @default `schedulerAddress` */
  readonly workerSchedulerAddress?: string | undefined;
  /** Address of the object storage. @default what the scheduler says in its echoes */
  readonly objectStorageAddress?: string | undefined;
  readonly tls?: TlsOptions | undefined;
  /** Time for one attempt to connect, in milliseconds. @default 10_000 */
  readonly attemptTimeoutMs?: number | undefined;
  /** Longest object read or written, in bytes. @default 1 GiB */
  readonly maxObjectBytes?: number | undefined;
  readonly log: Log;
}
