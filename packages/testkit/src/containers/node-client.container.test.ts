import { setTimeout as sleep } from "node:timers/promises";
import { Client } from "@scaler-aws-hpc/client";
import { beforeAll, describe, expect, it } from "vitest";
import type { ContainerRequest } from "../../test-support/containers/job-engine.ts";
import { startMotoBatch } from "../../test-support/containers/moto-batch.ts";
import { temporaryFolder } from "../../test-support/containers/temporary-folder.ts";
import { containerBed } from "../../test-support/containers/with-bed.ts";
import * as tasks from "../../test-support/runner-node/tasks.ts";
import { runClient, startCluster, startManager } from "../scaler/index.ts";

const bed = containerBed();
const LIMIT_MS = 240_000;
const MANY = 100;
const AWS = [
  ...["--job-queue", "queue", "--job-definition", "job", "--node-job-definition", "node-job"],
  ...["--s3-bucket", "bucket", "--aws-region", "us-east-1", "--max-concurrent-jobs", "4"],
];

interface Run {
  readonly values: readonly unknown[];
  readonly failure: unknown;
  readonly printed: string;
  readonly large: Uint8Array;
  /** What the Python client says of its own tasks. */
  readonly python: unknown;
  readonly made: readonly ContainerRequest[];
  readonly logs: string;
}

describe("a Node and a Python client, a real scheduler, our manager, and both runners' images in containers of moto's Batch", () => {
  let seen: Run;

  beforeAll(async () => {
    if (bed === undefined) return;
    const begun = performance.now();
    await using shared = await temporaryFolder();
    await using aws = await startMotoBatch(bed, shared.path);
    await using cluster = await startCluster({ release: "2.9.0" });
    await using manager = await startManager(cluster, { backend: "batch", args: AWS, env: aws.env });
    {
      await using client = await Client.connect(cluster.address);
      const python = runClient(cluster, "mixed_client.py", ["--tasks", String(MANY)], LIMIT_MS);
      const values = await Promise.all(Array.from({ length: MANY }, (_, n) => client.submit(tasks.square, n)));
      const failure = await client.submit(tasks.fail, "own words").then(
        () => undefined,
        (reason) => reason,
      );
      const printed: string[] = [];
      const large = await client
        .with({ onOutput: (text) => printed.push(text) })
        .submit(tasks.speak, "words", 3_000_000);
      seen = {
        ...{ values, failure, large, printed: printed.join(""), python: (await python).lines },
        ...{ made: [...aws.engine.made], logs: manager.logs.tail() },
      };
    }
    await Promise.race([manager.stop(), sleep(10_000)]);
    const seconds = ((performance.now() - begun) / 1_000).toFixed(1);
    console.log(`Node and Python clients on moto's Batch: ${seen.made.length} containers in ${seconds} s`);
  }, LIMIT_MS + 60_000);

  it("gives both clients their results", () => {
    expect(seen.values, seen.logs).toEqual(Array.from({ length: MANY }, (_, n) => [n * n, "node"]));
    expect(seen.python).toEqual([{ results: MANY, wrong: [], by: ["cpython"] }]);
  });

  it("gives errors with their own fields, output, and large results", () => {
    expect(seen.failure).toBeInstanceOf(RangeError);
    expect(seen.failure).toMatchObject({
      message: "own words",
      own: new Map([["a", 1n]]),
      cause: { message: "because" },
    });
    expect(seen.printed).toBe("words\n");
    expect(seen.large).toEqual(new Uint8Array(3_000_000).fill(7));
  });

  it("ran each task in a container of its runner's image, as its own user, read-only and without capabilities", () => {
    const images = new Map([
      ["node", bed?.images.nodeRunner],
      ["python", bed?.images.runner],
    ]);
    const kinds = new Set<string>();
    for (const { HostConfig, User, Image, Cmd = [] } of seen.made) {
      expect(HostConfig).toMatchObject({ ReadonlyRootfs: true, CapDrop: ["ALL"], SecurityOpt: ["no-new-privileges"] });
      expect(User ?? "").toBe("");
      const kind = /:(node|python):/.exec(Cmd.join(" "))?.[1] ?? "";
      kinds.add(kind);
      expect(Image).toBe(images.get(kind));
    }
    expect([...kinds].toSorted()).toEqual(["node", "python"]);
  });
});
