import type { FailureKind, PluginRegistry } from "@scaler-aws-hpc/adapter-core";
import { exitCode } from "../exit-codes.ts";
import { lateWord } from "../late-word.ts";
import type { StartOptions } from "../options/start-options.ts";
import { findDeployment, workerManagerIdOf } from "./deployment.ts";
import { LiveLine } from "./live-line.ts";
import { openLog } from "./logger.ts";
import { outputMode } from "./output-mode.ts";
import { type ManagerServices, runManager, StoppedEarly } from "./run-manager.ts";
import { readSettings, type StartSettings } from "./settings.ts";
import { Rate, type Status, statusText } from "./status-text.ts";
import { trustWarnings } from "./trust-warnings.ts";

/** What `start --json` prints at the end. */
export interface StartSummary {
  readonly reason: string;
  readonly signal: string | undefined;
  readonly exitCode: number;
  readonly workerManagerId: string;
  readonly schedulerAddress: string;
  readonly seconds: number;
  readonly tasks: {
    readonly received: number;
    readonly done: number;
    readonly failed: number;
    readonly cancelled: number;
    /** Attempts that were repeated for reasons that were not the task's own. */
    readonly retried: number;
  };
  readonly jobs: {
    /** Of an earlier process, taken over. */
    readonly adopted: number;
    /** Ran for nobody, and were stopped. */
    readonly orphans: number;
    /** Attempts that the backend repeated by itself: lost machines, containers that did not start. */
    readonly restarted: number;
    /** Children that failed for good, by reason, such as `spot`, `host`, `oom`. */
    readonly failures: Readonly<Partial<Record<FailureKind, number>>>;
  };
}

const NOTHING_YET: Status = { connected: 0, queued: 0, running: 0, done: 0, failed: 0, cancelled: 0 };

/** Runs a manager with its logs and live line, from resolved options to the end. @throws what `readSettings` and `runManager` throw */
export async function startManager(resolved: StartOptions, registry: PluginRegistry): Promise<StartSummary> {
  const settings = readSettings(resolved);
  const deployment = findDeployment(resolved, registry);
  const workerManagerId = workerManagerIdOf(deployment);
  const mode = outputMode(resolved, process.stderr.isTTY, process.env);
  const rate = new Rate();
  const startedMs = performance.now();
  let stats: Status = NOTHING_YET;
  let perSecond = 0;
  let stopping = false;
  const text = (): string => statusText(settings.schedulerAddress, stats, perSecond, stopping);

  let line: LiveLine | undefined;
  const toTerminal = (text: string): void => {
    if (line === undefined) process.stderr.write(text);
    else line.above(text);
  };
  const log = await openLog(mode, settings.name, toTerminal);
  for (const warning of trustWarnings(settings)) log.warn(warning);
  const late = lateWord(() => log.warn("still waiting for an answer of payload store or backend"));
  try {
    // Nothing is drawn before the plugins are known to be there: an error should stand alone.
    const {
      reason,
      signal,
      stats: last,
    } = await untilEnd(settings, {
      deployment,
      workerManagerId,
      log,
      onStats(now) {
        late[Symbol.dispose]();
        stats = now;
        perSecond = rate.read(now.done + now.failed, performance.now());
        if (mode.live) line ??= new LiveLine(process.stderr, text);
      },
      onStopping() {
        stopping = true;
      },
    });
    const { received, done, failed, cancelled, retried, adoptedJobs, orphans, nativeRetries, failures } = last;
    const jobs = { adopted: adoptedJobs, orphans, restarted: nativeRetries, failures };
    const seconds = Math.round(performance.now() - startedMs) / 1_000;
    log.info("ended", { reason, signal, received, done, failed, cancelled, retried, ...jobs, seconds });
    return {
      reason,
      signal,
      exitCode: exitCode(signal === "SIGINT" ? "interrupted" : "ok"),
      workerManagerId,
      schedulerAddress: settings.schedulerAddress,
      seconds,
      tasks: { received, done, failed, cancelled, retried },
      jobs,
    };
  } finally {
    late[Symbol.dispose]();
    line?.[Symbol.dispose]();
  }
}

const NOTHING_DONE = {
  ...{ received: 0, done: 0, failed: 0, cancelled: 0, retried: 0 },
  ...{ adoptedJobs: 0, orphans: 0, nativeRetries: 0, failures: {} },
};

/** Runs the manager; one that was told to stop before it began ends like one that had nothing to do. */
async function untilEnd(settings: StartSettings, services: ManagerServices) {
  try {
    return await runManager(settings, services);
  } catch (reason) {
    if (!(reason instanceof StoppedEarly)) throw reason;
    return { reason: "stopped", signal: reason.signal, stats: NOTHING_DONE };
  }
}
