import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { startClient, startCluster } from "@scaler-aws-hpc/testkit";
import { startAwsSite } from "./aws-site.ts";
import { type Counts, since } from "./counts.ts";
import { type Side, startSide } from "./managers.ts";

/** What a manager asked while its children ran and nothing happened. */
export interface PollingRun {
  readonly seconds: number;
  readonly batch: Counts;
  readonly s3: Counts;
}

const START_LIMIT_MS = 300_000;

/** Has so many simulated children run, one task each, and counts for so long; then everything is thrown away. */
export async function pollingRun(side: Side, children: number, seconds: number): Promise<PollingRun> {
  await using site = await startAwsSite({ slots: children, startMs: 200, latencyMs: 0, runner: undefined });
  await using cluster = await startCluster();
  await using manager = await startSide(side, cluster, { ...site, slots: children, args: ["--tasks-per-job", "1"] });
  const file = join(cluster.folder, "durations.json");
  await writeFile(file, JSON.stringify(new Array(children).fill(86_400)));
  const script = join(import.meta.dirname, "client.py");
  await using client = await startClient(cluster, script, ["--durations", file, "--no-greeting"]);
  const deadline = performance.now() + START_LIMIT_MS;
  while ((await site.running()) < children) {
    if (performance.now() > deadline || client.exit !== undefined || manager.exit !== undefined) {
      const logs = [manager, client].map(({ name, logs }) => `--- ${name}\n${logs.tail(60)}`).join("\n");
      throw new Error(`${side}: only ${await site.running()} of ${children} children run\n${logs}\n${site.logs()}`);
    }
    await sleep(200);
  }
  const before = await site.counts();
  const begun = performance.now();
  await sleep(seconds * 1_000);
  const after = await site.counts();
  return {
    seconds: (performance.now() - begun) / 1_000,
    batch: since(after.batch, before.batch),
    s3: since(after.s3, before.s3),
  };
}
