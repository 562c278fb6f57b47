import { readFile } from "node:fs/promises";
import {
  AdapterError,
  type Backend,
  type BackendHost,
  type Plugin,
  type PluginOptions,
} from "@scaler-aws-hpc/adapter-core";
import { BatchBackend } from "./batch-backend.ts";
import { openKeeper } from "./batch-keeper.ts";
import { CallGate } from "./call-gate.ts";
import { JobFinder } from "./job-finder.ts";
import { s3Store } from "./job-parameters.ts";
import { OWN_TAGS } from "./job-request.ts";
import type { WatchTimes } from "./job-watch.ts";
import { type OpenProfile, openProfiles } from "./open-profile.ts";
import type { RunnableLimits } from "./runnable-watch.ts";
import { openSdk, type SdkOptions } from "./sdk-batch-api.ts";
import { BATCH_OPTIONS, PROFILE_SETTINGS, readOptions, readProfile } from "./settings.ts";

const NO_JOB = "00000000-0000-0000-0000-000000000000";

/** Contributes the backend `batch`. */
export const plugin: Plugin = {
  apiVersion: 1,
  backends: [
    {
      name: "batch",
      summary: "Runs tasks as jobs on AWS Batch",
      options: BATCH_OPTIONS,
      profileSettings: PROFILE_SETTINGS,
      defaultStore: "s3",
      queues: true,
      open: (options, host) => openBatch(options, host),
      keep: (options, host) => openKeeper(options, host),
      checks: async (options, host) => (await import("./checks/batch-checks.ts")).batchChecks(options, host),
    },
  ],
};

/** What a test may set. */
export interface OpenBatchChoices extends Pick<SdkOptions, "timeoutMs"> {
  readonly times?: Partial<WatchTimes>;
  readonly runnable?: RunnableLimits;
}

/**
 * Opens the backend: checks the options, then the queues, definitions and compute environments that they name.
 * @throws {AdapterError} `config`, `denied`, `unavailable`
 */
export async function openBatch(
  options: PluginOptions,
  host: BackendHost,
  choices: OpenBatchChoices = {},
): Promise<BatchBackend & Backend> {
  const settings = { ...readOptions(options), ...choices.runnable };
  const wanted = host.profiles.map((profile) => readProfile(profile, options, settings));
  if (wanted.length === 0) throw new AdapterError("config", "the batch backend needs at least one profile");
  const store = s3Store(host.store);
  const { times, timeoutMs } = choices;
  const api = await openSdk({ region: settings.region, ...(timeoutMs && { timeoutMs }) });
  const gate = new CallGate(host.clock, settings.apiRate, () => api.renew());
  try {
    const version = await ownVersion();
    const parts = { api, gate, log: host.log };
    const tags = OWN_TAGS + Object.keys(settings.tags).length;
    const profiles = await openProfiles(parts, wanted, tags);
    const reopen = async ({ settings: one }: OpenProfile) => (await openProfiles(parts, [one], tags)).get(one.name);
    // Nobody has this id: the answer tells whether asking is allowed, before a task depends on it.
    await new JobFinder(api, gate).details([NO_JOB]);
    if (store.region !== api.region) {
      host.log.warn("the bucket is in another region than the jobs", { bucket: store.region, jobs: api.region });
    }
    const requests = { managerId: host.managerId, tags: settings.tags, version };
    return new BatchBackend({ host, api, gate, settings, profiles, reopen, requests, ...(times && { times }) });
  } catch (reason) {
    api.close();
    throw reason;
  }
}

async function ownVersion(): Promise<string> {
  const text = await readFile(new URL("../package.json", import.meta.url), "utf8");
  return String((JSON.parse(text) as { version?: unknown }).version ?? "0");
}
