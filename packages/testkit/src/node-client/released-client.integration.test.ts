import { Client } from "@scaler-aws-hpc/client";
import {
  decodeTaskFlags,
  type Magic,
  type SchedulerMessage,
  type UnknownMessage,
} from "@scaler-aws-hpc/scaler-protocol";
import { expect, it } from "vitest";
import { startRecordingProxy } from "../../test-support/node-client/recording-proxy.ts";
import { double, later } from "../../test-support/node-client/tasks.ts";
import { TinyWorker } from "../../test-support/node-client/tiny-worker.ts";
import { type Cluster, startCluster } from "../scaler/cluster.ts";
import { runClient } from "../scaler/python-client.ts";
import type { Release } from "../scaler/repository.ts";

type Said = SchedulerMessage | UnknownMessage;

/** What was said until the farewell, without what differs from one client to the next: ids, names, sizes, and in how many messages objects are announced. */
function shapes(said: readonly Said[]): unknown[] {
  const found: { readonly kind: string; types?: string[] }[] = [];
  for (const message of said) {
    const one = shape(message);
    const last = found.at(-1);
    if (one.kind === "create" && last?.kind === "create") last.types?.push(...(one.types ?? []));
    else found.push(one);
    // The released client may yet ask for its objects' deletion, which the farewell has done.
    if (message.kind === "clientDisconnect") break;
  }
  return found;
}

function shape(message: Said): { readonly kind: string; types?: string[] } {
  switch (message.kind) {
    case "objectInstruction": {
      const { instructionType: kind, objectTypes, objectUser } = message;
      return { kind, types: [...objectTypes], ...{ owned: objectUser.length > 0 } };
    }
    case "task": {
      const { kind, functionArgs, metadata } = message;
      return { kind, ...{ args: functionArgs.map(({ type }) => type), flags: decodeTaskFlags(metadata) } };
    }
    case "taskCancel":
      return { kind: message.kind, ...{ force: message.force } };
    default:
      return message;
  }
}

async function pythonSays(cluster: Cluster, magic: Magic): Promise<unknown[]> {
  await using proxy = await startRecordingProxy(cluster.schedulerPort);
  const through: Cluster = Object.create(cluster, {
    address: { value: proxy.address },
    release: { value: cluster.release },
    env: { value: cluster.env },
    folder: { value: cluster.folder },
  });
  const run = await runClient(through, "node_client_twin.py", [], 45_000);
  expect(run, run.logs).toMatchObject({ exitCode: 0 });
  return shapes(proxy.said(magic));
}

async function nodeSays(cluster: Cluster, magic: Magic): Promise<unknown[]> {
  await using proxy = await startRecordingProxy(cluster.schedulerPort);
  await using _worker = await TinyWorker.start(cluster.address, { storageAddress: cluster.storageAddress });
  const client = await Client.connect(proxy.address);
  expect(await client.submit(double, 8)).toBe(16);
  const running = client.submit(later, 600_000, "never");
  while (running.state === "preparing") await new Promise((resolve) => setTimeout(resolve, 10));
  expect(await running.cancel()).toBe(true);
  await client.clear();
  await client.close();
  return shapes(proxy.said(magic));
}

it.each([
  ["2.9.0", 2],
  ["2.6.0", 1],
] as const)("says what the released client of %s says, in its order", async (release: Release, magic: Magic) => {
  await using native = await startCluster({ release, nativeWorkers: 1 });
  await using ours = await startCluster({ release });
  const python = await pythonSays(native, magic);
  const node = await nodeSays(ours, magic);
  expect(python.length).toBeGreaterThan(5);
  expect(node).toEqual(python);
});
