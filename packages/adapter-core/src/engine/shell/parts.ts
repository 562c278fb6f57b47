import type { AdapterError } from "../../contracts/adapter-error.ts";
import { ObjectCache } from "../../objects/object-cache.ts";
import { Children } from "./children.ts";
import { ClientRunners } from "./client-runners.ts";
import { Deliverer } from "./deliverer.ts";
import type { EngineOptions } from "./engine-options.ts";
import { FrameShelf } from "./frame-shelf.ts";
import { HeartbeatReport } from "./heartbeat-report.ts";
import type { ShellHost } from "./host.ts";
import { Inspector } from "./inspector.ts";
import { JobBook } from "./job-book.ts";
import { Lease } from "./lease.ts";
import { Links } from "./links.ts";
import { ALONE } from "./ownership.ts";
import { thisProcess } from "./process-identity.ts";
import { Recovery } from "./recovery.ts";
import { ProcessResources } from "./resources.ts";
import { SharedObjects } from "./shared-objects.ts";
import { Stager } from "./stager.ts";
import { Strays } from "./strays.ts";
import { Sweeper } from "./sweeper.ts";
import { timeOfDay } from "./system-clock.ts";

const MIB = 1024 * 1024;

/** What performs effects, each part its own kind. */
export interface Parts {
  readonly links: Links;
  readonly cache: ObjectCache;
  readonly runners: ClientRunners;
  readonly inspector: Inspector;
  readonly stager: Stager;
  readonly children: Children;
  readonly frames: FrameShelf;
  readonly deliverer: Deliverer;
  readonly sweeper: Sweeper;
  readonly report: HeartbeatReport;
  readonly strays: Strays;
  readonly recovery: Recovery;
  /** Only where jobs outlive this process. */
  readonly lease: Lease | undefined;
}

/**
 * Makes the parts of a shell from the engine's options, with every default filled in.
 * @param onLost called when another process has taken this manager's id
 */
export function assemble(options: EngineOptions, host: ShellHost, onLost: (reason: AdapterError) => void): Parts {
  const { backend, store, managerId, objects } = options;
  const { clock, signal } = host;
  const maxPayloadBytes = options.maxPayloadBytes ?? 1024 * MIB;
  const book = new JobBook();
  const cache = new ObjectCache({
    ...{ objects, clock, signal },
    maxBytes: options.cacheBytes,
    maxObjectBytes: maxPayloadBytes,
    timeoutMs: options.objectTimeoutMs,
  });
  const lease = backend.traits.outlives
    ? new Lease(host, {
        ...{ store, managerId, onLost },
        workerManagerId: options.workerManagerId,
        self: options.self ?? thisProcess(),
        wallNow: options.wallNow ?? timeOfDay,
        keeps: (worker) => links.has(worker),
      })
    : undefined;
  const ownership = lease ?? ALONE;
  const links: Links = new Links(host, {
    port: options.scheduler,
    ownership,
    onScheduler: (identity) => lease?.met(identity),
    dropObjects: (ids) => cache.drop(ids),
    giveUp: (reason) => host.fail(reason),
  });
  const sweeper = new Sweeper(host, store);
  const shared = new SharedObjects(host, { store, sweeper, managerId });
  const frames = new FrameShelf({
    ...{ store, signal },
    maxBytes: options.frameCacheBytes ?? 128 * MIB,
    maxFrameBytes: maxPayloadBytes,
  });
  const stager = new Stager(host, {
    ...{ cache, shared, sweeper, book, store, backend, managerId },
    limits: {
      maxPackBytes: options.maxJobBytes ?? 64 * MIB,
      maxPayloadBytes,
      absentAfterMs: options.absentAfterMs ?? 2_000,
    },
    shareAboveBytes: options.shareAboveBytes ?? MIB,
  });
  const strays = new Strays(host, { backend, store, book, frames, shared, sweeper, ownership, managerId });
  const children = new Children(host, { backend, store, book, frames, sweeper, strays, ownership, managerId });
  const recovery = new Recovery(host, { backend, store, book, shared, strays, managerId });
  const runners = new ClientRunners(host, cache, options.runners, (runner) => {
    const refusals = options.core.profiles.map(({ name }) => backend.refuses?.(runner, name));
    return refusals.every((refusal) => refusal !== undefined) ? refusals[0] : undefined;
  });
  const deliverer = new Deliverer(host, {
    ...{ objects, frames, links, runners },
    maxBytes: options.maxResultBytesInFlight ?? 256 * MIB,
  });
  const report = new HeartbeatReport({
    ...{ clock, book, links },
    resources: options.resources ?? new ProcessResources(),
    profiles: options.core.profiles,
    workerManagerId: options.workerManagerId,
  });
  const inspector = new Inspector(host, cache, runners);
  return {
    links,
    cache,
    runners,
    inspector,
    stager,
    children,
    frames,
    deliverer,
    sweeper,
    report,
    strays,
    recovery,
    lease,
  };
}
