import { randomBytes } from "node:crypto";
import { ACCOUNT, REGION } from "./account.ts";
import type { Container, ContainerHost } from "./container.ts";
import { containerEnvironment } from "./container-environment.ts";
import type { AttemptFault, Faults } from "./faults.ts";
import type { UnitJob } from "./job.ts";
import type { LogStreams } from "./log-streams.ts";
import type { Timing } from "./timing.ts";

/** What an attempt runs with. */
export interface AttemptContext {
  readonly host: ContainerHost;
  readonly faults: Faults;
  readonly logs: LogStreams;
  readonly timing: Timing;
  readonly baseEnvironment: Readonly<Record<string, string>>;
  /** Called as soon as the container runs. */
  readonly running: (container: Container) => void;
}

/** How an attempt ended. */
export interface Outcome {
  readonly statusReason: string;
  readonly exitCode?: number | undefined;
  readonly reason?: string;
  /** It was terminated or ran too long: no rule brings it back. */
  readonly final?: true;
}

type Event =
  | { readonly at: "exit"; readonly code: number }
  | { readonly at: "stop"; readonly why: string }
  | { readonly at: "timeout" }
  | { readonly at: "fault"; readonly fault: AttemptFault };

const EXITED = "Essential container in task exited";

/** Runs one attempt from STARTING to its end. Never rejects. */
export async function runAttempt(job: UnitJob, stopped: Promise<string>, context: AttemptContext): Promise<Outcome> {
  const { faults, timing } = context;
  const timers = new AbortController();
  try {
    const stop = stopped.then((why): Event => ({ at: "stop", why }));
    const early = await Promise.race([after(timing.startMs(), timers.signal), stop]);
    if (early !== undefined) return early.at === "stop" ? { statusReason: early.why, final: true } : lost();
    const met = faults.pickAttempt(job.spec.name, job.index, job.attempts.length + 1);
    if (met?.fault === "image-pull") {
      faults.count("image-pull");
      const reason = "CannotPullContainerError: pull image manifest has been retried 5 time(s): failed to resolve ref";
      return { statusReason: "Task failed to start", reason };
    }
    const container = await start(job, context, met?.fault === "twin");
    if (typeof container === "string") return { statusReason: "Task failed to start", reason: container };
    const events: Promise<Event>[] = [container.ended.then((code) => ({ at: "exit", code })), stop];
    const { timeoutSeconds } = job.spec;
    if (timeoutSeconds !== undefined)
      events.push(after(timeoutSeconds * timing.timeoutSecondMs, timers.signal).then(() => ({ at: "timeout" })));
    if (met !== undefined && met.fault !== "twin")
      events.push(after(met.afterMs, timers.signal).then(() => ({ at: "fault", fault: met.fault })));
    const event = await Promise.race(events);
    return await end(event, container, context);
  } finally {
    timers.abort();
  }
}

async function end(event: Event, container: Container, context: AttemptContext): Promise<Outcome> {
  switch (event.at) {
    case "exit":
      return { statusReason: EXITED, exitCode: event.code };
    case "stop":
      return { statusReason: event.why, exitCode: await quit(container, context), final: true };
    case "timeout":
      return {
        statusReason: "Job attempt duration exceeded timeout",
        exitCode: await quit(container, context),
        final: true,
      };
    default:
      context.faults.count(event.fault);
      return await fail(event.fault, container, context);
  }
}

async function fail(fault: AttemptFault, container: Container, context: AttemptContext): Promise<Outcome> {
  if (fault === "ghost") return lost();
  if (fault === "fargate-spot") {
    const code = await quit(container, context);
    if (code === 0) return { statusReason: EXITED, exitCode: 0 };
    return { statusReason: "Your Spot Task was interrupted.", exitCode: 137 };
  }
  container.kill("SIGKILL");
  await container.ended;
  if (fault === "spot") return lost();
  return { statusReason: EXITED, exitCode: 137, reason: "OutOfMemoryError: Container killed due to memory usage" };
}

function lost(): Outcome {
  return { statusReason: `Host EC2 (instance i-${randomBytes(8).toString("hex")}1) terminated.` };
}

/** SIGTERM, and SIGKILL when that is not enough in time. */
async function quit(container: Container, { timing }: AttemptContext): Promise<number> {
  const timers = new AbortController();
  container.kill("SIGTERM");
  const late = after(timing.stopGraceMs, timers.signal).then(() => container.kill("SIGKILL"));
  await Promise.race([container.ended, late]);
  timers.abort();
  return await container.ended;
}

/** A container that runs, or the reason why there is none. */
async function start(job: UnitJob, context: AttemptContext, twin: boolean): Promise<Container | string> {
  const task = randomBytes(16).toString("hex");
  const attempt = job.attempts.length + 1;
  job.taskArn = `arn:aws:ecs:${REGION}:${ACCOUNT}:task/emulated/${task}`;
  job.logStreamName = `${job.spec.definition.name.slice(0, 200)}/default/${task}`;
  const spec = {
    jobId: job.id,
    jobName: job.spec.name,
    index: job.index,
    attempt,
    command: job.spec.command,
    environment: { ...context.baseEnvironment, ...containerEnvironment(job, attempt) },
    logFile: context.logs.open(job.logStreamName),
  };
  try {
    const container = await context.host.start(spec);
    context.running(container);
    if (!twin) return container;
    context.faults.count("twin");
    const other = await context.host.start({ ...spec, logFile: context.logs.open(`${job.logStreamName}-twin`) });
    context.running(other);
    return { ...container, ended: Promise.race([container.ended, other.ended]) };
  } catch (reason) {
    return `CannotStartContainerError: ${reason instanceof Error ? reason.message : String(reason)}`;
  }
}

/** Resolves after that time; never, once the signal is aborted. */
function after(ms: number, signal: AbortSignal): Promise<undefined> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => resolve(undefined), ms);
    signal.addEventListener("abort", () => clearTimeout(timer), { once: true });
  });
}
