import { readFile } from "node:fs/promises";
import {
  type BackendFactory,
  type CoreOptions,
  Engine,
  type EngineEnd,
  type EngineStats,
  type Log,
  type PayloadStoreFactory,
  type PluginRegistry,
  systemClock,
} from "@scaler-aws-hpc/adapter-core";
import { CliError } from "../cli-error.ts";
import { optionsOf } from "../options/plugin-options.ts";
import type { Resolved } from "../options/resolve-options.ts";
import { connectCluster } from "../scaler/cluster.ts";
import { deriveManagerId } from "./manager-id.ts";
import { withoutInline } from "./no-inline.ts";
import type { StartSettings } from "./settings.ts";
import { listenForStops, type StopSignal } from "./signals.ts";
import { boundYoungGeneration } from "./young-generation.ts";

/** What a run needs besides its settings. */
export interface ManagerServices {
  readonly registry: PluginRegistry;
  readonly resolved: Resolved;
  readonly log: Log;
  /** Told about once a second what is going on. */
  readonly onStats: (stats: EngineStats) => void;
  /** Told when the end begins. */
  readonly onStopping: (signal: StopSignal) => void;
}

/** How a run ended. */
export interface ManagerEnd extends EngineEnd {
  /** What asked for the end, if anybody did. */
  readonly signal: StopSignal | undefined;
}

/** Slots where neither the user nor the backend says how many, as in the reference. */
const DEFAULT_SLOTS = 100;

/**
 * The composition root: opens store, backend, connection and engine in this order, runs until the end, and closes them in the opposite one.
 *
 * @throws {CliError | AdapterError | ProtocolError} whatever keeps it from starting or ends it.
 */
export async function runManager(settings: StartSettings, services: ManagerServices): Promise<ManagerEnd> {
  using _memory = boundYoungGeneration();
  const { registry, resolved, log } = services;
  const backendFactory = registry.backend(settings.backend);
  const storeFactory = registry.payloadStore(settings.payloadStore ?? backendFactory.defaultStore);
  const { runners } = registry;
  if (runners.length === 0)
    throw new CliError("config", "no plugin contributes a runner; see `scaler-aws-hpc plugins`");
  const tls = await readTrust(settings);
  const managerId = deriveManagerId(settings.backend, settings.workerManagerId);
  const host = { clock: systemClock, log, managerId };
  const profiles = profilesOf(settings, backendFactory);

  // Heard until everything below is closed again: a signal that comes during the end must not cut it short.
  let signal: StopSignal | undefined;
  let stop = (_graceMs: number): void => {};
  let graceMs = Number.POSITIVE_INFINITY;
  using _stops = listenForStops({
    drain(which) {
      signal = which;
      graceMs = settings.drainTimeoutMs;
      services.onStopping(which);
      log.info("draining", { signal: which, timeoutSeconds: settings.drainTimeoutMs / 1_000 });
      stop(graceMs);
    },
    now(which) {
      graceMs = 0;
      log.warn("stopping now", { signal: which });
      stop(graceMs);
    },
  });
  await using store = await storeFactory.open(optionsOf(storeFactory, resolved), host);
  await using opened = await backendFactory.open(optionsOf(backendFactory, resolved), {
    ...host,
    profiles,
    runners,
    runnerOptions: {
      ...(settings.python !== undefined && { interpreter: settings.python }),
      ...(settings.preload !== undefined && { preload: settings.preload }),
    },
    store: store.locator,
  });
  const backend = settings.inline ? opened : withoutInline(opened);
  if (settings.onExit === "handoff")
    log.warn("--on-exit handoff: no manager takes jobs over yet, so those that are alive at the end are stopped");
  await using cluster = connectCluster({
    schedulerAddress: settings.schedulerAddress,
    workerSchedulerAddress: settings.workerSchedulerAddress,
    objectStorageAddress: settings.objectStorageAddress,
    tls,
    maxObjectBytes: settings.maxPayloadBytes,
    log,
  });
  logStart(settings, storeFactory, profiles, log);

  await using engine = Engine.open({
    core: coreOptions(settings, managerId, profiles, backend.traits),
    scheduler: cluster.scheduler,
    objects: cluster.objects,
    backend,
    store,
    runners,
    log,
    managerId,
    workerManagerId: settings.workerManagerId,
    connectTimeoutMs: settings.connectTimeoutMs,
    objectTimeoutMs: settings.objectTimeoutMs,
    cacheBytes: settings.maxMemoryBytes,
    maxPayloadBytes: settings.maxPayloadBytes,
    onStats: services.onStats,
  });
  stop = (ms) => void engine.stop({ graceMs: ms }).catch(() => {});
  if (signal !== undefined) stop(graceMs);
  const end = await engine.finished;
  return { ...end, signal };
}

function profilesOf(settings: StartSettings, backend: BackendFactory): CoreOptions["profiles"] {
  const slots = settings.slots ?? backend.defaultSlots?.() ?? DEFAULT_SLOTS;
  return [{ name: "default", slots, capabilities: settings.capabilities, settings: {} }, ...settings.profiles];
}

function coreOptions(
  settings: StartSettings,
  managerId: string,
  profiles: CoreOptions["profiles"],
  backend: CoreOptions["backend"],
): CoreOptions {
  return {
    jobPrefix: managerId,
    profiles,
    backend,
    workerName: settings.name,
    scaling: settings.scaling,
    ...(settings.workers !== undefined && { workersPerProfile: settings.workers }),
    ...(settings.queueSize !== undefined && { queueSize: settings.queueSize }),
    maxTasksPerPack: settings.tasksPerJob,
    packTargetMs: settings.packTargetMs,
    taskLimitMs: settings.taskLimitMs,
    heartbeatMs: settings.heartbeatMs,
    linkTimeoutMs: settings.linkTimeoutMs,
    deathTimeoutMs: settings.deathTimeoutMs,
    maxRetries: settings.maxRetries,
  };
}

function logStart(
  settings: StartSettings,
  store: PayloadStoreFactory,
  profiles: CoreOptions["profiles"],
  log: Log,
): void {
  log.info("starting", {
    scheduler: settings.schedulerAddress,
    workerManagerId: settings.workerManagerId,
    backend: settings.backend,
    payloadStore: store.name,
    slots: profiles.reduce((sum, { slots }) => sum + slots, 0),
  });
}

async function readTrust({
  tlsCa,
  tlsInsecure,
}: StartSettings): Promise<{ readonly ca?: string; readonly insecure: boolean }> {
  if (tlsCa === undefined) return { insecure: tlsInsecure };
  try {
    return { ca: await readFile(tlsCa, "utf8"), insecure: tlsInsecure };
  } catch (reason) {
    const got = (reason as NodeJS.ErrnoException).code ?? String(reason);
    throw new CliError("config", `--tls-ca ${tlsCa}: expected a PEM file that can be read, got ${got}`, {
      cause: reason,
    });
  }
}
