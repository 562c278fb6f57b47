import type { ManagerLink, ManagerReport, SchedulerPort } from "../ports.ts";
import { backOffMs, LINK_BACK_OFF } from "./back-off.ts";
import type { ShellHost } from "./host.ts";

const MOST = 2 ** 32 - 1;

/** Options of {@link keepManagerBeating}. */
export interface ManagerHeartbeatOptions {
  readonly port: SchedulerPort;
  readonly heartbeatMs: number;
  readonly report: ManagerReport;
}

/**
 * Reports the manager on a connection of its own until the engine ends. What the scheduler wishes for in return is logged and otherwise
 * ignored: with workers held open all the time there is nothing to scale. Resolves at the end; never rejects.
 */
export async function keepManagerBeating(host: ShellHost, options: ManagerHeartbeatOptions): Promise<void> {
  const { clock, log, random, signal } = host;
  // A number below 1 or above 32 bits ends released schedulers or is refused by them.
  const most = Math.min(MOST, Math.max(1, Math.trunc(options.report.maxTaskConcurrency)));
  const report = { ...options.report, maxTaskConcurrency: most };
  let failures = 0;
  while (!signal.aborted) {
    let link: ManagerLink | undefined;
    try {
      const down = new AbortController();
      link = await options.port.openManager(
        {
          wishes: (wishes) => log.debug("the scheduler wishes for tasks at once", { wishes }),
          down: (reason) => down.abort(new Error(reason)),
        },
        { signal },
      );
      const over = AbortSignal.any([signal, down.signal]);
      for (;;) {
        link.beat(report);
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
