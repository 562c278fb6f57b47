import { fstatSync } from "node:fs";
import { parseArgs } from "node:util";
import { PROVISIONED } from "./definitions.ts";
import type { RunnerOptions } from "./options.ts";
import { lasting } from "./simulated-host.ts";
import { startBatchEmulator } from "./start.ts";

const USAGE = `Runs the Batch emulator as a program; prints one line of JSON with its endpoints and environment.

  main.ts [options] [-- ENTRY POINT ...]       each container is a fresh process: ENTRY POINT and the job's command
  main.ts --warm PYTHON --script RUNNER.py     each container is a fork of a Python process that has RUNNER.py loaded
  main.ts --simulate-ms N                      containers are timers

  --vcpus N            what runs at once (default 100)
  --queue NAME         (default emulator-queue)
  --definition NAME    made as the original's provisioner makes it (default emulator-job)
  --bucket NAME        (default emulator-bucket)
  --s3 URL             use this S3 instead of one in memory
  --latency-ms N       of every call (default 0)
  --start-ms N         from STARTING to RUNNING (default 200)
  --port N, --s3-port N
  --calls-per-second N (default 50; 0: no limit)
  --seed N, --spot RATE, --lost-submits RATE
  --container-env NAME=VALUE   may be repeated

Ask it over HTTP: GET <batch endpoint>/_emulator/counts, /calls, /jobs, /keys, /reset; POST JSON to /attempt-fault, /call-fault,
/latency, /stick, /kill, /log. It ends with its standard input, if that is a pipe, or by SIGTERM.
`;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    warm: { type: "string" },
    script: { type: "string" },
    "simulate-ms": { type: "string" },
    vcpus: { type: "string", default: "100" },
    queue: { type: "string", default: "emulator-queue" },
    definition: { type: "string", default: "emulator-job" },
    bucket: { type: "string", default: "emulator-bucket" },
    s3: { type: "string" },
    "latency-ms": { type: "string", default: "0" },
    "start-ms": { type: "string", default: "200" },
    port: { type: "string", default: "0" },
    "s3-port": { type: "string", default: "0" },
    "calls-per-second": { type: "string", default: "50" },
    seed: { type: "string", default: "1" },
    spot: { type: "string", default: "0" },
    "lost-submits": { type: "string", default: "0" },
    "container-env": { type: "string", multiple: true, default: [] },
    help: { type: "boolean", default: false },
  },
});

function runner(): RunnerOptions {
  if (values["simulate-ms"] !== undefined) {
    const ms = Number(values["simulate-ms"]);
    return { mode: "simulated", run: lasting(() => ms) };
  }
  if (values.warm !== undefined && values.script !== undefined)
    return { mode: "warm", python: values.warm, script: values.script };
  return { mode: "process", argv: positionals };
}

async function main(): Promise<void> {
  const { PATH = "", HOME = "", LANG = "C.UTF-8" } = process.env;
  const extra = values["container-env"].map((pair) => [
    pair.slice(0, pair.indexOf("=")),
    pair.slice(pair.indexOf("=") + 1),
  ]);
  const perSecond = Number(values["calls-per-second"]);
  await using aws = await startBatchEmulator({
    runner: runner(),
    queues: [{ name: values.queue, vcpus: Number(values.vcpus) }],
    definitions: [{ ...PROVISIONED, jobDefinitionName: values.definition }],
    s3:
      values.s3 === undefined ? { buckets: [values.bucket], port: Number(values["s3-port"]) } : { endpoint: values.s3 },
    latencyMs: Number(values["latency-ms"]),
    startMs: Number(values["start-ms"]),
    port: Number(values.port),
    seed: Number(values.seed),
    callsPerSecond: perSecond === 0 ? Number.POSITIVE_INFINITY : perSecond,
    containerEnvironment: { PATH, HOME, LANG, ...Object.fromEntries(extra) },
    attemptFaults: [{ fault: "spot", rate: Number(values.spot) }],
    callFaults: [{ fault: "lost-response", operations: ["SubmitJob"], rate: Number(values["lost-submits"]) }],
  });
  const { endpoint, s3Endpoint, env } = aws;
  process.stdout.write(`${JSON.stringify({ endpoint, s3Endpoint, env })}\n`);
  await new Promise<void>((resolve) => {
    // A pipe that ends is a parent that is gone; a terminal or /dev/null says nothing.
    const input = fstatSync(0);
    if (input.isFIFO() || input.isSocket()) process.stdin.once("end", resolve).once("close", resolve).resume();
    for (const signal of ["SIGTERM", "SIGINT"] as const) process.once(signal, () => resolve());
  });
}

if (values.help) process.stdout.write(USAGE);
else await main();
