import { ObjectCache } from "../../objects/object-cache.ts";
import { Children } from "./children.ts";
import { Deliverer } from "./deliverer.ts";
import type { EngineOptions } from "./engine-options.ts";
import { FrameShelf } from "./frame-shelf.ts";
import { HeartbeatReport } from "./heartbeat-report.ts";
import type { ShellHost } from "./host.ts";
import { Inspector } from "./inspector.ts";
import { JobBook } from "./job-book.ts";
import { Links } from "./links.ts";
import { ProcessResources } from "./resources.ts";
import { SharedObjects } from "./shared-objects.ts";
import { Stager } from "./stager.ts";
import { Sweeper } from "./sweeper.ts";

const MIB = 1024 * 1024;

/** What performs effects, each part its own kind. */
export interface Parts {
  readonly links: Links;
  readonly cache: ObjectCache;
  readonly inspector: Inspector;
  readonly stager: Stager;
  readonly children: Children;
  readonly frames: FrameShelf;
  readonly deliverer: Deliverer;
  readonly sweeper: Sweeper;
  readonly report: HeartbeatReport;
}

/** Makes the parts of a shell from the engine's options, with every default filled in. */
export function assemble(options: EngineOptions, host: ShellHost): Parts {
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
  const links = new Links(host, {
    port: options.scheduler,
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
  const children = new Children(host, { backend, store, book, frames, sweeper, managerId });
  const deliverer = new Deliverer(host, {
    ...{ objects, frames, links },
    maxBytes: options.maxResultBytesInFlight ?? 256 * MIB,
  });
  const report = new HeartbeatReport({
    ...{ clock, book, links },
    resources: options.resources ?? new ProcessResources(),
    profiles: options.core.profiles,
    workerManagerId: options.workerManagerId,
  });
  const inspector = new Inspector(host, cache, options.runners);
  return { links, cache, inspector, stager, children, frames, deliverer, sweeper, report };
}
