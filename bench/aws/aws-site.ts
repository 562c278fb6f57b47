import { join } from "node:path";
import { ChildProgram, nodeProgram } from "@scaler-aws-hpc/testkit";
import type { Counts } from "./counts.ts";
import { benchPython } from "./managers.ts";

/** What the emulated AWS is like. */
export interface SiteOptions {
  /** Children that run at once. */
  readonly slots: number;
  /** Milliseconds from submit to start while a slot is free. */
  readonly startMs: number;
  /** Milliseconds that each call to Batch and S3 takes longer. */
  readonly latencyMs: number;
  /** Program whose forks are the containers; without it children run for ever and are no processes. */
  readonly runner: string | undefined;
  /** Share of attempts whose machine goes away while they run. @default 0 */
  readonly spotLoss?: number;
  /** Share of submits that are done but not answered. @default 0 */
  readonly lostSubmits?: number;
  /** Of what is left to chance. @default 1 */
  readonly seed?: number;
}

/** Requests so far, those of runners included. */
export interface AwsCounts {
  readonly batch: Counts;
  readonly s3: Counts;
}

/** What the emulators know at the end of a run. */
export interface SiteState {
  /** Ids of jobs and children that are not over. */
  readonly liveJobs: readonly string[];
  /** Containers that run, whatever Batch says. */
  readonly containers: number;
  readonly keys: readonly string[];
  /** Attempts of jobs and children that are over. */
  readonly attempts: number;
  /** `<job id> <attempt>` of every attempt that was lost with its machine. */
  readonly lostAttempts: readonly string[];
  /** Ids of jobs and arrays whose name another one has too. */
  readonly twiceSubmitted: readonly string[];
  /** Submits that had no answer, though they were done. */
  readonly unansweredSubmits: number;
}

/** When a container's job was submitted, and when it ran; milliseconds of the wall clock. */
export interface ContainerTimes {
  readonly submittedMs: number;
  readonly startedMs: number;
  readonly stoppedMs: number;
}

/** A Batch and an S3 that run in a process of their own. */
export interface AwsSite extends AsyncDisposable {
  readonly queue: string;
  readonly definition: string;
  readonly bucket: string;
  readonly env: Readonly<Record<string, string>>;
  readonly pid: number;
  counts(): Promise<AwsCounts>;
  /** How many children run now. */
  running(): Promise<number>;
  /** Of every job and child that ran and is over. */
  times(): Promise<readonly ContainerTimes[]>;
  state(): Promise<SiteState>;
  logs(): string;
}

/** What the process says once it is ready. */
export interface SiteGreeting {
  readonly control: string;
  readonly env: Readonly<Record<string, string>>;
  readonly queue: string;
  readonly definition: string;
  readonly bucket: string;
}

export async function startAwsSite(options: SiteOptions): Promise<AwsSite> {
  const program = await ChildProgram.start({
    name: "emulators of Batch and S3",
    file: nodeProgram(),
    args: [
      "--conditions=@scaler-aws-hpc/source",
      join(import.meta.dirname, "site-process.ts"),
      JSON.stringify({ ...options, python: benchPython() }),
    ],
  });
  const [line] = await program.waitForLog(/^\{"queue":.*\}$/m, 60_000);
  const { control, env, ...names } = JSON.parse(line) as SiteGreeting;
  const ask = async (what: string): Promise<unknown> => await (await fetch(`${control}/${what}`)).json();
  return {
    ...names,
    pid: program.pid,
    env: { ...env, AWS_CONFIG_FILE: "/dev/null", AWS_SHARED_CREDENTIALS_FILE: "/dev/null" },
    counts: async () => (await ask("counts")) as AwsCounts,
    running: async () => (await ask("running")) as number,
    times: async () => (await ask("times")) as ContainerTimes[],
    state: async () => (await ask("state")) as SiteState,
    logs: () => `--- ${program.name}\n${program.logs.tail()}`,
    [Symbol.asyncDispose]: () => program[Symbol.asyncDispose](),
  };
}
