// `npm run demo`: a real scheduler, its object storage, our manager with the local backend, and a Python client that uses them.
// `npm run demo -- --backend batch` runs the same on an emulator of AWS Batch and moto's S3, `npm run demo -- --native` with Scaler's own workers.
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "node:util";
import { type ChildProgram, HarnessError, startClient, startCluster, startManager } from "@scaler-aws-hpc/testkit";
import { startAws, usedText } from "./aws.ts";

/** One JSON line of client.py. */
interface Step {
  readonly name: string;
  readonly expected: unknown;
  readonly got: unknown;
  readonly ok: boolean;
  readonly seconds: number;
  readonly tasks: number;
}

const CLIENT_LIMIT_MS = 120_000;
const { native, backend } = readArguments();
const begun = performance.now();

function readArguments(): { readonly native: boolean; readonly backend: string } {
  const options = {
    native: { type: "boolean", default: false },
    backend: { type: "string", default: "local" },
  } as const;
  try {
    const { values } = parseArgs({ options });
    if (values.backend === "local" || values.backend === "batch") return values;
  } catch {
    // Said below.
  }
  process.stderr.write("usage: npm run demo [-- --backend local | --backend batch | --native]\n");
  process.exit(2);
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}

function isStep(value: unknown): value is Step {
  return typeof value === "object" && value !== null && "name" in value && "ok" in value && "seconds" in value;
}

/** Prints each step as it comes; resolves when the client has ended, or rejects when the signal aborts. */
async function follow(client: ChildProgram, signal: AbortSignal): Promise<Step[]> {
  const steps: Step[] = [];
  const readNew = (): void => {
    for (const line of client.stdout.text.split("\n").slice(steps.length, -1)) {
      const step: unknown = JSON.parse(line);
      if (!isStep(step)) throw new Error(`the client printed ${line}`);
      steps.push(step);
      const got = JSON.stringify(step.got);
      const wanted = step.ok ? "" : `, should be ${JSON.stringify(step.expected)}`;
      print(
        `  ${step.ok ? "ok    " : "WRONG "} ${step.name.padEnd(30)} ${step.seconds.toFixed(2).padStart(6)} s   ${got}${wanted}`,
      );
    }
  };
  const unwatch = client.stdout.watch(readNew);
  const aborted = new Promise<never>((_, reject) => {
    signal.addEventListener("abort", () => reject(signal.reason), { once: true });
  });
  await Promise.race([client.exited, aborted]).finally(unwatch);
  readNew();
  return steps;
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
    await using aws = backend === "batch" ? await startAws(signal) : undefined;
    if (aws !== undefined) groups.push(aws.group);
    const flags = aws?.flags ?? [];
    const ours = ["scaler-aws-hpc start --backend", backend, ...flags].join(" ");
    print(`starting ${native ? "scaler_worker_manager baremetal_native" : ours} ${cluster.address}`);
    await using manager = await startManager(
      cluster,
      native ? { kind: "native" } : { backend, args: flags, env: { ...aws?.env } },
    );
    groups.push(manager.pid);
    print("running a Python client");
    await using client = await startClient(cluster, join(import.meta.dirname, "client.py"), []);
    groups.push(client.pid);
    const steps = await follow(client, signal);
    const wrong = steps.filter((step) => !step.ok).length;
    const exit = await manager.stop("SIGTERM", 15_000);
    if (client.exit?.code === 0 && steps.length > 0 && wrong === 0) code = 0;
    else
      print(
        `client exited with ${client.exit?.code}\n${client.logs.tail()}\n--- manager\n${manager.logs.tail()}\n${cluster.logs()}`,
      );
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
    const map = steps.find((step) => step.tasks > 1);
    const rate = map === undefined ? "no" : (map.tasks / map.seconds).toFixed(0);
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
