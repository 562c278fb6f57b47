import { Client, isClientError } from "@scaler-aws-hpc/client";
import { describe, expect, it } from "vitest";
import { double } from "../../test-support/node-client/tasks.ts";
import { TinyWorker } from "../../test-support/node-client/tiny-worker.ts";
import { startCluster } from "../scaler/cluster.ts";
import { processTree } from "../scaler/process-tree.ts";
import type { Release } from "../scaler/repository.ts";

/** Ids of all processes of the native manager: a worker that loses its processor starts another one. */
async function processes(root: number): Promise<number[]> {
  return (await processTree(root)).map(({ pid }) => pid).toSorted((a, b) => a - b);
}

const RELEASES: readonly Release[] = ["2.9.0", "2.6.0", "2.3.5"];

describe.each(RELEASES)("native Python workers of %s that get JavaScript tasks", (release) => {
  it("fail them with what to do, and keep their processes", async () => {
    await using cluster = await startCluster({ release, nativeWorkers: 1 });
    const client = await Client.connect(cluster.address);
    const first = await client.submit(double, 1).catch((reason: unknown) => reason);
    expect(isClientError(first) && first.code).toBe("no-runner");
    expect((first as Error).message).toMatch(/this task is JavaScript: .*capability node.*--policy-content/s);
    const before = await processes(cluster.native?.pid ?? 0);
    const outcomes = [];
    for await (const outcome of client.map(double, [2, 3, 4, 5]).settled()) outcomes.push(outcome);
    const codes = outcomes.map((one) => one.status === "rejected" && isClientError(one.reason) && one.reason.code);
    expect(codes).toEqual(["no-runner", "no-runner", "no-runner", "no-runner"]);
    expect(await processes(cluster.native?.pid ?? 0)).toEqual(before);
    await client.close();
  });
});

it("leaves JavaScript tasks to workers that have the capability, where the policy heeds it", async () => {
  await using cluster = await startCluster({ nativeWorkers: 1, policy: "allocate=capability; scaling=no" });
  await using client = await Client.connect(cluster.address);
  const waiting = client.submit(double, 21);
  await using _worker = await TinyWorker.start(cluster.address, { storageAddress: cluster.storageAddress });
  expect(await waiting).toBe(42);
  expect(await client.map(double, Array(200).keys()).toArray()).toHaveLength(200);
});
