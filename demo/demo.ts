// `npm run demo`: a real scheduler, its object storage, our manager with the local backend, and a Python client that uses them.
// `npm run demo -- --backend batch` runs the same on an emulator of AWS Batch and moto's S3, `npm run demo -- --native` with Scaler's own workers,
// `npm run demo -- --node` with a Node client beside the Python client, on either backend.
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "node:util";
import {
  ChildProgram,
  type Cluster,
  HarnessError,
  nodeProgram,
  startClient,
  startCluster,
  startManager,
} from "@scaler-aws-hpc/testkit";
import { startAws, usedText } from "./aws.ts";
import { follow, type Step } from "./follow.ts";

const CLIENT_LIMIT_MS = 120_000;
const { native, node, backend } = readArguments();
const begun = performance.now();

function readArguments(): { readonly native: boolean; readonly node: boolean; readonly backend: string } {
  const options = {
    native: { type: "boolean", default: false },
    node: { type: "boolean", default: false },
    backend: { type: "string", default: "local" },
  } as const;
  try {
    const { values } = parseArgs({ options });
    const known = values.backend === "local" || values.backend === "batch";
    if (known && !(values.native && values.node)) return values;
  } catch {
    // Said below.
  }
  process.stderr.write(
    "usage: npm run demo [-- --node] [--backend local | --backend batch], or npm run demo -- --native\n",
  );
  process.exit(2);
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}

/** A client of the demo, followed to its end. */
interface ClientRun {
  readonly program: ChildProgram;
  readonly steps: readonly Step[];
}

/** Starts a Python client, and a Node client with `--node`, and follows them while they run side by side. */
async function runClients(cluster: Cluster, groups: number[], signal: AbortSignal): Promise<ClientRun[]> {
  print(node ? "running a Python client and a Node client" : "running a Python client");
  await using programs = new AsyncDisposableStack();
  const python = programs.use(await startClient(cluster, join(import.meta.dirname, "client.py"), []));
  const all = [{ program: python, prefix: node ? "Python  " : "" }];
  if (node) all.push({ program: programs.use(await startNodeClient(cluster)), prefix: "Node    " });
  groups.push(...all.map(({ program }) => program.pid));
  return await Promise.all(
    all.map(async ({ program, prefix }) => ({ program, steps: await follow(program, prefix, signal) })),
  );
}

async function startNodeClient(cluster: Cluster): Promise<ChildProgram> {
  const file = join(import.meta.dirname, "node-client.ts");
  const args = ["--conditions=@scaler-aws-hpc/source", file, "--address", cluster.address];
  return await ChildProgram.start({ name: "Node client", file: nodeProgram(), args, cwd: cluster.folder });
}

/** The groups that still hold a process once the killed ones have had their moment to go. */
async function stillRunning(groups: readonly number[]): Promise<number[]> {
  const deadline = performance.now() + 3_000;
  let left = groups.filter(groupLives);
  while (left.length > 0 && performance.now() < deadline) {
    await sleep(50);
    left = left.filter(groupLives);
  }
  return left;
}

function groupLives(group: number): boolean {
  try {
    process.kill(-group, 0);
    return true;
  } catch {
    return false;
  }
}

async function demo(signal: AbortSignal): Promise<number> {
  const groups: number[] = [];
  let code = 1;
  {
    print("starting a Scaler 2.9.0 scheduler and its object storage");
    await using cluster = await startCluster({ signal });
    groups.push(cluster.scheduler.pid, cluster.storage.pid);
    print(`  scheduler ${cluster.address}, object storage ${cluster.storageAddress}`);
    if (backend === "batch") print("starting an emulator of AWS Batch and moto's S3");
    await using aws = backend === "batch" ? await startAws(node, signal) : undefined;
    if (aws !== undefined) groups.push(aws.group);
    const flags = aws?.flags ?? [];
    const ours = ["scaler-aws-hpc start --backend", backend, ...flags].join(" ");
    print(`starting ${native ? "scaler_worker_manager baremetal_native" : ours} ${cluster.address}`);
    await using manager = await startManager(
      cluster,
      native ? { kind: "native" } : { backend, args: flags, env: { ...aws?.env } },
    );
    groups.push(manager.pid);
    const clients = await runClients(cluster, groups, signal);
    const steps = clients.flatMap((client) => client.steps);
    const wrong = steps.filter((step) => !step.ok).length;
    const exit = await manager.stop("SIGTERM", 15_000);
    const failed = clients.filter((client) => client.program.exit?.code !== 0 || client.steps.length === 0);
    for (const { program } of failed)
      print(`${program.name} exited with ${program.exit?.code}\n${program.logs.tail()}`);
    if (failed.length === 0 && wrong === 0) code = 0;
    else print(`--- manager\n${manager.logs.tail()}\n${cluster.logs()}`);
    if (!native && exit.code !== 0) {
      code = 1;
      print(`the manager ended with ${exit.code ?? exit.signal} instead of 0\n${manager.logs.tail()}`);
    }
    if (aws !== undefined) {
      print(await usedText(aws));
      if (aws.batch.liveJobs().length > 0 || aws.batch.containers.running > 0) {
        code = 1;
        print("jobs are still alive");
      }
    }
    const maps = steps.filter((step) => step.tasks > 1).map((step) => (step.tasks / step.seconds).toFixed(0));
    const rate = maps.length === 0 ? "no" : maps.join(" and ");
    const seconds = ((performance.now() - begun) / 1000).toFixed(1);
    print(
      `summary: ${steps.length - wrong} of ${steps.length} results right, map at ${rate} tasks/s, ${seconds} s in all`,
    );
  }
  const left = await stillRunning(groups);
  print(left.length === 0 ? "nothing is left running" : `still running: process groups ${left.join(", ")}`);
  return left.length === 0 ? code : 1;
}

const stop = new AbortController();
let stopCode: number | undefined;
for (const [name, code] of [
  ["SIGINT", 130],
  ["SIGTERM", 143],
  ["SIGHUP", 129],
] as const) {
  process.on(name, () => {
    stopCode ??= code;
    stop.abort(new Error(`stopped by ${name}`));
  });
}
const limit = AbortSignal.timeout(CLIENT_LIMIT_MS);
try {
  process.exitCode = await demo(AbortSignal.any([stop.signal, limit]));
} catch (reason) {
  print(reason instanceof HarnessError || reason instanceof Error ? `demo failed: ${reason.message}` : String(reason));
  process.exitCode = stopCode ?? 1;
}
