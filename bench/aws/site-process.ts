// The emulators of Batch and S3 as a process of their own, asked over HTTP. Argument: the options as JSON. Ends with SIGTERM.
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import {
  type AttemptFaultRule,
  type CallFaultRule,
  lasting,
  type RunnerOptions,
  startBatchEmulator,
} from "@scaler-aws-hpc/testkit";
import type { AwsCounts, ContainerTimes, SiteGreeting, SiteOptions, SiteState } from "./aws-site.ts";

const FOR_EVER_MS = 86_400_000;
/** Half of the attempts that are lost with their machine are lost so early, the others so late at most: milliseconds from their start. */
const SPOT_WITHIN_MS = [800, 2_000];
const NAMES = { queue: "bench-queue", definition: "emulator-job", bucket: "bench-bucket" };

const options = JSON.parse(process.argv[2] ?? "{}") as SiteOptions & { readonly python: string };
const runner: RunnerOptions =
  options.runner === undefined
    ? { mode: "simulated", run: lasting(() => FOR_EVER_MS) }
    : { mode: "warm", python: options.python, script: options.runner, workers: options.slots };
const spot = SPOT_WITHIN_MS.map((most): AttemptFaultRule => {
  return { fault: "spot", rate: (options.spotLoss ?? 0) / SPOT_WITHIN_MS.length, afterMs: [0, most] };
});
const lost: CallFaultRule = { fault: "lost-response", operations: ["SubmitJob"], rate: options.lostSubmits ?? 0 };
const aws = await startBatchEmulator({
  runner,
  startMs: options.startMs,
  latencyMs: options.latencyMs,
  seed: options.seed ?? 1,
  queues: [{ name: NAMES.queue, vcpus: options.slots }],
  s3: { buckets: [NAMES.bucket] },
  ...(options.spotLoss === undefined ? {} : { attemptFaults: spot }),
  ...(options.lostSubmits === undefined ? {} : { callFaults: [lost] }),
});

function counts(): AwsCounts {
  return { batch: aws.counts(), s3: aws.s3?.counts() ?? {} };
}

function state(): SiteState {
  const attempts = aws
    .units()
    .flatMap(({ id, attempts }) => attempts.map((attempt, at) => ({ id, attempt, number: at + 1 })));
  const names = Map.groupBy(aws.jobs(), ({ spec }) => spec.name);
  return {
    liveJobs: aws.liveJobs(),
    containers: aws.containers.running,
    attempts: attempts.length,
    keys: aws.s3?.keys() ?? [],
    lostAttempts: attempts
      .filter(({ attempt }) => attempt.statusReason?.startsWith("Host EC2"))
      .map(({ id, number }) => `${id} ${number}`),
    twiceSubmitted: [...names.values()].filter((jobs) => jobs.length > 1).flatMap((jobs) => jobs.map(({ id }) => id)),
    unansweredSubmits: aws.calls().filter(({ operation, status }) => operation === "SubmitJob" && status === 0).length,
  };
}

function times(): readonly ContainerTimes[] {
  return aws.units().flatMap(({ spec, startedAt, stoppedAt }) => {
    if (startedAt === undefined || stoppedAt === undefined) return [];
    return [{ submittedMs: spec.createdAt, startedMs: startedAt, stoppedMs: stoppedAt }];
  });
}

const answers: Readonly<Record<string, () => unknown>> = {
  counts,
  state,
  times,
  running: () => aws.containers.running,
};
const control = createServer((request, response) => {
  const answer = answers[(request.url ?? "").slice(1)]?.();
  response.writeHead(answer === undefined ? 404 : 200, { "content-type": "application/json" });
  response.end(JSON.stringify(answer ?? null));
});
await new Promise<void>((resolve) => control.listen(0, "127.0.0.1", resolve));
const greeting: SiteGreeting = {
  ...NAMES,
  control: `http://127.0.0.1:${(control.address() as AddressInfo).port}`,
  env: { ...aws.env, AWS_ENDPOINT_URL: aws.endpoint },
};
console.log(JSON.stringify(greeting));

process.once("SIGTERM", () => {
  control.close();
  control.closeAllConnections();
  void aws[Symbol.asyncDispose]().then(() => process.exit(0));
});
