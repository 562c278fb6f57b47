import type { FakeS3Options } from "../fake-s3/index.ts";
import type { AttemptFaultRule, CallFaultRule } from "./faults.ts";
import type { Fields } from "./fields.ts";
import type { OverrideRule } from "./override-size.ts";
import type { QueueOptions } from "./queues.ts";
import type { Simulation } from "./simulated-host.ts";
import type { TimingOptions } from "./timing.ts";

/** What stands for the containers of jobs. */
export type RunnerOptions =
  /** A fresh process each: `argv` is the image's entry point, the job's command follows. */
  | { readonly mode: "process"; readonly argv: readonly string[] }
  /**
   * Forks of a Python process that has the module of `script` loaded and calls its `main`. With `workers` so many forks are made in advance, and each
   * runs one container after another, as long as none is killed: it costs less, but a container may see what one before it left in the process.
   */
  | {
      readonly mode: "warm";
      readonly python: string;
      readonly script: string;
      readonly arguments?: readonly string[];
      readonly workers?: number;
    }
  /** No process at all. */
  | { readonly mode: "simulated"; readonly run: Simulation };

/** What the emulator is like. */
export interface BatchEmulatorOptions extends TimingOptions {
  readonly runner: RunnerOptions;
  /** @default one, `emulator-queue`, with 100 vCPUs */
  readonly queues?: readonly QueueOptions[];
  /** Registered at the start, as RegisterJobDefinition takes them. @default `emulator-job`, as the original's provisioner makes it, or of a size that Fargate has where all queues are there */
  readonly definitions?: readonly Fields[];
  /** Variables of each container beside those of jobs, of Batch and of AWS. @default PATH, HOME and LANG of this process */
  readonly containerEnvironment?: Readonly<Record<string, string>>;
  /** The S3 beside it: one of its own, or another one's endpoint. */
  readonly s3?: FakeS3Options | { readonly endpoint: string };
  /** How the 8,192 characters of an override are counted. @default "measured" */
  readonly overrideRule?: OverrideRule;
  /** True for a service that has TerminateJobs and CancelJobs. @default true */
  readonly bulk?: boolean;
  /** Calls a second that are let through; `Infinity` for all. @default 50 */
  readonly callsPerSecond?: number;
  readonly attemptFaults?: readonly AttemptFaultRule[];
  readonly callFaults?: readonly CallFaultRule[];
  /** Seed of what is left to chance. @default 1 */
  readonly seed?: number;
  /** @default a free one */
  readonly port?: number;
}
