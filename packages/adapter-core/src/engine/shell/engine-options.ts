import type { Backend } from "../../contracts/backend.ts";
import type { Clock, Log } from "../../contracts/host.ts";
import type { PayloadStore } from "../../contracts/payload-store.ts";
import type { RunnerRecord } from "../../contracts/runner.ts";
import type { CoreOptions } from "../core/options.ts";
import type { Decider, ObjectsPort, ResourcesPort, SchedulerPort } from "../ports.ts";
import type { EngineStats } from "./counters.ts";
import type { ProcessIdentity } from "./process-identity.ts";

/** What an engine is made of. Times in milliseconds. What is passed in stays the caller's to dispose of, after the engine. */
export interface EngineOptions {
  /** Where jobs outlive this process, the epoch of its lease is added to `jobPrefix`. */
  readonly core: CoreOptions;
  readonly scheduler: SchedulerPort;
  readonly objects: ObjectsPort;
  readonly backend: Backend;
  readonly store: PayloadStore;
  readonly runners: readonly RunnerRecord[];
  readonly log: Log;
  /** @default real time */
  readonly clock?: Clock;
  /** Part of every store key; see `HostServices.managerId`. */
  readonly managerId: string;
  /** The id that the scheduler knows this manager by. */
  readonly workerManagerId: string;
  /** How long the first connection may take before the engine ends with `unavailable`. @default for ever */
  readonly connectTimeoutMs?: number | undefined;
  /** How long an input object may take to come. @default 60_000 */
  readonly objectTimeoutMs?: number | undefined;
  /** After this time without a new object, tasks go without those that still miss one. @default 2_000 */
  readonly absentAfterMs?: number | undefined;
  /** Bytes of input objects kept in memory. @default 512 MiB */
  readonly cacheBytes?: number | undefined;
  /** Bytes of result frames kept in memory. @default 128 MiB */
  readonly frameCacheBytes?: number | undefined;
  /** Bytes of one task's function, arguments and serializer, and of one result frame. @default 1 GiB */
  readonly maxPayloadBytes?: number | undefined;
  /** Bytes of one pack's objects. @default 64 MiB */
  readonly maxJobBytes?: number | undefined;
  /** Objects above this are stored once per manager, under their own key. @default 1 MiB */
  readonly shareAboveBytes?: number | undefined;
  /** Bytes of big results on their way to object storage at once. @default 256 MiB */
  readonly maxResultBytesInFlight?: number | undefined;
  /** Told what is going on, about once a second and at the end. */
  readonly onStats?: ((stats: EngineStats) => void) | undefined;
  /** Who this process is, for the lease. @default what Node knows of it */
  readonly self?: ProcessIdentity | undefined;
  /** Milliseconds since the epoch, only ever shown to people. @default the machine's */
  readonly wallNow?: (() => number) | undefined;
  /** In [0, 1): worker ids and jitter. @default Math.random */
  readonly random?: (() => number) | undefined;
  /** @default what Node measures of this process */
  readonly resources?: ResourcesPort | undefined;
  /** The deciding part, for tests. @default EngineCore */
  readonly decide?: ((core: CoreOptions, random: () => number) => Decider) | undefined;
}

/** How an engine ended. */
export interface EngineEnd {
  /** `drained`: after `drain` or a graceful `stop`; `stopped`: at once; `shutdown`: a client shut the cluster down; `handed-off`: everything was left to the next process. */
  readonly reason: "drained" | "stopped" | "shutdown" | "handed-off";
  readonly stats: EngineStats;
}

/** How an engine is to end. */
export interface StopOptions {
  /** How long what has started may take to finish, in milliseconds. */
  readonly graceMs: number;
  /**
   * What becomes of jobs that are still alive then. `hand-off` leaves them, their results and our workers to the next process of this manager, which
   * has less than a minute to come; only where the backend's jobs outlive this process. @default "terminate"
   */
  readonly onExit?: "terminate" | "hand-off";
}
