import {
  type AbortOptions,
  AdapterError,
  isAdapterError,
  type JobKeeper,
  type KeeperHost,
  type LiveJob,
  type PluginOptions,
} from "@scaler-aws-hpc/adapter-core";
import { CallGate } from "./call-gate.ts";
import { Canceller } from "./canceller.ts";
import { JobFinder, type Listed } from "./job-finder.ts";
import { checkRegion } from "./open-profile.ts";
import { openSdk } from "./sdk-batch-api.ts";
import { readQueues } from "./settings.ts";

/**
 * Opens a keeper of the jobs in the queues of all profiles. Neither job definition nor compute environment is looked at, and a queue may be disabled: only that it is
 * there is asked, by listing its jobs.
 * @throws {AdapterError} `config` for settings; what AWS says comes with the first call
 */
export async function openKeeper(options: PluginOptions, host: KeeperHost): Promise<JobKeeper> {
  const { queues, region, apiRate } = readQueues(options, host.profiles);
  const api = await openSdk({ region });
  const gate = new CallGate(host.clock, apiRate, () => api.renew());
  const finder = new JobFinder(api, gate);
  const canceller = new Canceller(api, gate, host.log);
  const live = async (more?: AbortOptions): Promise<readonly Listed[]> => {
    try {
      return await finder.live(`${host.managerId}-`, queues, more);
    } catch (reason) {
      throw absentQueue(reason, api.region);
    }
  };
  try {
    for (const queue of queues) checkRegion(queue, api.region);
  } catch (reason) {
    api.close();
    throw reason;
  }
  return {
    async list(more): Promise<readonly LiveJob[]> {
      // Two jobs of one name are twins of one submit.
      const byName = new Map((await live(more)).map(({ name, children }) => [name, { name, children }]));
      return [...byName.values()];
    },
    async end(names, reason, more): Promise<void> {
      const wanted = new Set(names);
      const jobs = (await live(more)).filter(({ name }) => wanted.has(name));
      const targets = jobs.map(({ id, children }) => ({ id, isArray: children > 1 }));
      await canceller.terminate(targets, reason, more);
    },
    async [Symbol.asyncDispose](): Promise<void> {
      gate.close();
      api.close();
    },
  };
}

/** For a queue that is not there the error that `start` has; any other as it is. */
export function absentQueue(reason: unknown, region: string): unknown {
  if (!isAdapterError(reason) || reason.code !== "rejected") return reason;
  const { message } = reason;
  if (!/job ?queue/i.test(message) || !/not (?:exist|found)|invalid/i.test(message)) return reason;
  const text = `${message.replace(/^\[rejected\] /, "")}; look at --job-queue, --aws-region (${region}) and the credentials`;
  return new AdapterError("config", text, { cause: reason });
}
