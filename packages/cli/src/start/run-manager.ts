import { readFile } from "node:fs/promises";
import {
  type CoreOptions,
  Engine,
  type EngineEnd,
  type EngineStats,
  type Log,
  systemClock,
} from "@scaler-aws-hpc/adapter-core";
import { CliError } from "../cli-error.ts";
import { connectCluster } from "../scaler/cluster.ts";
import { type Deployment, managerIdOf, openBackend, openStore } from "./deployment.ts";
import { withoutInline } from "./no-inline.ts";
import { withRunnerCapabilities } from "./runner-capabilities.ts";
import type { StartSettings } from "./settings.ts";
import { listenForStops, type StopSignal } from "./signals.ts";
import { unusedOptions } from "./unused-options.ts";
import { boundYoungGeneration } from "./young-generation.ts";

/** What a run needs besides its settings. */
export interface ManagerServices {
  readonly deployment: Deployment;
  /** The id that the scheduler knows this manager by. */
  readonly workerManagerId: string;
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

/** What a start gets, in milliseconds, to come to its end by itself when it is told to stop in the middle. */
const BEGINNING_MS = 1_500;

/** Told to stop while a store or backend did not open: nothing was begun, nothing was taken. */
export class StoppedEarly extends Error {
  override readonly name = "StoppedEarly";
  readonly signal: StopSignal | undefined;

  constructor(signal: StopSignal | undefined) {
    super("stopped before anything was begun");
    this.signal = signal;
  }
}

/**
 * The composition root: opens store, backend, connection and engine in this order, runs until the end, and closes them in the opposite one.
 *
 * @throws {CliError | AdapterError | ProtocolError} whatever keeps it from starting or ends it.
 */
export async function runManager(settings: StartSettings, services: ManagerServices): Promise<ManagerEnd> {
  using _memory = boundYoungGeneration();
  const { deployment, workerManagerId, log } = services;
  const tls = await readTrust(settings);
  const managerId = managerIdOf(deployment, workerManagerId);

  // Heard until everything below is closed again: a signal that comes during the end must not cut it short.
  let signal: StopSignal | undefined;
  const early = Promise.withResolvers<never>();
  early.promise.catch(() => {});
  // Until the engine is there nothing was begun, so nothing is lost by going while a service does not answer.
  let stop = (graceMs: number): void => {
    void systemClock.sleep(Math.min(graceMs, BEGINNING_MS)).then(() => early.reject(new StoppedEarly(signal)));
  };
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
  await using store = await Promise.race([openStore(deployment, log, managerId), early.promise]);
  await using opened = await Promise.race([openBackend(deployment, store, log, managerId), early.promise]);
  const backend = settings.inline ? opened : withoutInline(opened);
  for (const warning of unusedOptions(settings, backend.traits)) log.warn(warning);
  await using cluster = connectCluster({
    schedulerAddress: settings.schedulerAddress,
    workerSchedulerAddress: settings.workerSchedulerAddress,
    objectStorageAddress: settings.objectStorageAddress,
    tls,
    maxObjectBytes: settings.maxPayloadBytes,
    log,
  });
  log.info("starting", {
    scheduler: settings.schedulerAddress,
    workerManagerId,
    managerId,
    backend: deployment.backend.name,
    payloadStore: deployment.store.name,
    slots: deployment.profiles.reduce((sum, { slots }) => sum + slots, 0),
  });

  await using engine = Engine.open({
    core: coreOptions(
      settings,
      managerId,
      withRunnerCapabilities(deployment.profiles, deployment.runners, backend),
      backend.traits,
    ),
    scheduler: cluster.scheduler,
    objects: cluster.objects,
    backend,
    store,
    runners: deployment.runners,
    log,
    managerId,
    workerManagerId,
    connectTimeoutMs: settings.connectTimeoutMs,
    objectTimeoutMs: settings.objectTimeoutMs,
    cacheBytes: settings.maxMemoryBytes,
    maxPayloadBytes: settings.maxPayloadBytes,
    onStats: services.onStats,
  });
  const onExit = settings.onExit === "handoff" ? "hand-off" : "terminate";
  stop = (ms) => void engine.stop({ graceMs: ms, onExit }).catch(() => {});
  if (signal !== undefined) stop(graceMs);
  const end = await engine.finished;
  return { ...end, signal };
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
