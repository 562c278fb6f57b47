import type { TlsOptions } from "@scaler-aws-hpc/scaler-protocol";

/** How a client connects. */
export interface ClientOptions {
  /** Gives up connecting; no effect once connected. */
  readonly signal?: AbortSignal;
  /** Part of the client's identity, for monitors: `Client|<name>|<unique>`. @default none */
  readonly name?: string;
  /** Whom to trust on `tls://` and `wss://`. @default the roots that Node ships */
  readonly tls?: TlsOptions;
  /** Where the object storage is from here, if not where the scheduler says. @default the scheduler's word */
  readonly objectStorageAddress?: string;
  /** Time for everything up to the scheduler's first echo, which may still be starting, and again for the first upload, in milliseconds. @default 30_000 */
  readonly connectTimeoutMs?: number;
  /**
   * Have every task ask for the capability `node`, which managers with a Node runner advertise: under `allocate=capability` no Python worker gets one.
   * Policies that ignore capabilities log a warning for each task that asks for any. @default true
   */
  readonly nodeCapability?: boolean;
  /** Between heartbeats, in milliseconds. @default 2_000, as the released client */
  readonly heartbeatIntervalMs?: number;
  /** Silence after which the scheduler counts as lost, in milliseconds. @default 60_000, as the released client */
  readonly timeoutMs?: number;
}

/** Options of calls that wait for open tasks to be cancelled. */
export interface LeaveOptions {
  /** How long to wait for the workers' confirmations, in milliseconds. @default 10_000 */
  readonly timeoutMs?: number;
}
