import type { ProfileSpec } from "../../contracts/plugin.ts";
import type { ManagerLink, ManagerReport, ScalingWish, SchedulerPort } from "../ports.ts";
import { backOffMs, LINK_BACK_OFF } from "./back-off.ts";
import type { ShellHost } from "./host.ts";

const MOST = 2 ** 32 - 1;

/** Of so many heartbeats a scheduler that is merely slow has answered one. */
const UNHEARD = 5;

/** Options of {@link keepManagerBeating}. */
export interface ManagerHeartbeatOptions {
  readonly port: SchedulerPort;
  readonly heartbeatMs: number;
  readonly report: ManagerReport;
  readonly profiles: readonly ProfileSpec[];
}

/** The sum of the wishes that a profile can meet: those whose capabilities, name and value, are all among its own. */
function wished(wishes: readonly ScalingWish[], own: Readonly<Record<string, number>>): number {
  let sum = 0;
  for (const { taskConcurrency, capabilities } of wishes) {
    if (Object.entries(capabilities).every(([name, value]) => own[name] === value)) sum += taskConcurrency;
  }
  return sum;
}

/**
 * Reports the manager on a connection of its own until the engine ends. What the scheduler wishes for in return goes to the core, once a change.
 * Resolves at the end; never rejects.
 */
export async function keepManagerBeating(host: ShellHost, options: ManagerHeartbeatOptions): Promise<void> {
  const { clock, log, random, signal } = host;
  // A number below 1 or above 32 bits ends released schedulers or is refused by them.
  const most = Math.min(MOST, Math.max(1, Math.trunc(options.report.maxTaskConcurrency)));
  const report = { ...options.report, maxTaskConcurrency: most };
  const last = new Map<string, number>();
  let failures = 0;
  while (!signal.aborted) {
    const presence = new Presence(log, report.workerManagerId);
    let link: ManagerLink | undefined;
    try {
      const down = new AbortController();
      link = await options.port.openManager(
        {
          wishes: (wishes) => {
            for (const { name, capabilities } of options.profiles) {
              const workers = wished(wishes, capabilities);
              if (last.get(name) === workers) continue;
              last.set(name, workers);
              log.debug("the scheduler wishes for workers", { profile: name, workers });
              host.tell({ type: "scale", profile: name, workers });
            }
          },
          echo: () => presence.heard(),
          down: (reason, malformed) => {
            if (malformed) host.counters.malformedFrames += 1;
            // Once a trouble: what answers like this will do so again.
            if (malformed && failures === 0) log.warn("the scheduler sent the manager what cannot be read", { reason });
            down.abort(new Error(reason));
          },
        },
        { signal },
      );
      const over = AbortSignal.any([signal, down.signal]);
      for (;;) {
        link.beat(report);
        presence.beat();
        await clock.sleep(options.heartbeatMs, { signal: over });
        failures = 0;
      }
    } catch (reason) {
      if (signal.aborted) break;
      failures += 1;
      log.debug("the manager's own link ended; trying again", { reason: String(reason) });
      await clock.sleep(backOffMs(LINK_BACK_OFF, failures, random()), { signal }).catch(() => {});
    } finally {
      link?.close();
    }
  }
}

/**
 * Notices on one connection that the scheduler never answers this manager, which it does not while it knows another one of the same id: until it
 * has not heard of that for a minute. That alone ends nothing: a manager that comes back after a crash is ignored in the same way, and tasks come to
 * its workers all the same.
 */
class Presence {
  readonly #log: ShellHost["log"];
  readonly #workerManagerId: string;
  #beats = 0;
  #heard = false;

  constructor(log: ShellHost["log"], workerManagerId: string) {
    this.#log = log;
    this.#workerManagerId = workerManagerId;
  }

  beat(): void {
    this.#beats += 1;
    if (this.#heard || this.#beats !== UNHEARD) return;
    const text =
      "the scheduler does not answer this manager: another one of the same id may be alive, or was killed less than a minute ago; " +
      "two that live need ids of their own, see --worker-manager-id";
    this.#log.warn(text, { workerManagerId: this.#workerManagerId });
  }

  heard(): void {
    if (this.#heard) return;
    this.#heard = true;
    if (this.#beats < UNHEARD) return;
    this.#log.info("the scheduler answers this manager", { workerManagerId: this.#workerManagerId });
  }
}
