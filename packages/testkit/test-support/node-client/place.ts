import { join } from "node:path";
import { type BatchEmulator, PROVISIONED, startBatchEmulator } from "../../src/batch-emulator/index.ts";
import {
  type ChildProgram,
  type Cluster,
  nodeProgram,
  type Release,
  releaseBin,
  repositoryRoot,
  startCluster,
  startManager,
} from "../../src/scaler/index.ts";
import { type CountingProxy, startCountingProxy } from "./counting-proxy.ts";

/** Where tasks run. */
export type Backend = "local" | "batch";

/** A cluster with our manager. */
export interface Place extends AsyncDisposable {
  readonly cluster: Cluster;
  readonly manager: ChildProgram;
  /** What the manager reads from and writes to the object storage. */
  readonly traffic: CountingProxy;
  /** With the backend `batch`. */
  readonly aws: BatchEmulator | undefined;
}

/** Slots of the manager. */
export const SLOTS = 3;

/**
 * Starts it: a scheduler of a release, and our manager with a backend that has both runners.
 * @param clientTimeoutSeconds Silence after which the scheduler gives a client up; it counts what waits for the scheduler itself, too, and tells no client.
 */
export async function startPlace(backend: Backend, release: Release, clientTimeoutSeconds = 60): Promise<Place> {
  await using parts = new AsyncDisposableStack();
  const aws = backend === "batch" ? parts.use(await startAws(release)) : undefined;
  const schedulerArgs = ["--client-timeout-seconds", String(clientTimeoutSeconds)];
  const cluster = parts.use(await startCluster({ release, schedulerArgs }));
  const traffic = parts.use(await startCountingProxy(cluster.storagePort));
  const slots = ["--max-concurrent-jobs", String(SLOTS), "--object-storage-address", traffic.address];
  const batch = ["--job-queue", "emulator-queue", "--s3-bucket", "emulator-bucket", "--batch-start-seconds", "1"];
  const definitions = ["--job-definition", "python-job", "--node-job-definition", "node-job"];
  const manager = parts.use(
    await startManager(cluster, {
      backend,
      args: aws === undefined ? slots : [...slots, ...batch, ...definitions],
      env: { ...aws?.env },
    }),
  );
  const owned = parts.move();
  return { cluster, manager, traffic, aws, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}

async function startAws(release: Release): Promise<BatchEmulator> {
  const packages = join(repositoryRoot(), "packages");
  const python = `"${join(releaseBin(release), "python")}" -B "${join(packages, "runner-python", "python", "scaler_runner.py")}"`;
  const node = `"${nodeProgram()}" "${join(packages, "runner-node", "bundle", "scaler-runner.cjs")}"`;
  // The image of a definition has one runner; here one entry point stands for both images.
  const entry = `case "$*" in *" 1:"*:node:*) exec ${node} "$@";; *) exec ${python} "$@";; esac`;
  return await startBatchEmulator({
    runner: { mode: "process", argv: ["/bin/sh", "-c", entry, "entry"] },
    definitions: ["python-job", "node-job"].map((jobDefinitionName) => ({ ...PROVISIONED, jobDefinitionName })),
    containerEnvironment: { PATH: process.env["PATH"] ?? "" },
    startMs: 20,
  });
}
