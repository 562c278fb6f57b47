import type { ProgramExit } from "../scaler/index.ts";
import { BatchFaultBed, type Outcome } from "./batch-fault-bed.ts";

/** What became of a manager that was frozen until another one of its id had taken its jobs. */
export interface LostLease {
  readonly first: ProgramExit;
  /** What the first one printed. */
  readonly text: string;
  /** Calls that ended jobs once it went on. */
  readonly terminated: number;
  readonly outcome: Outcome;
  /** Tasks that ran more than once. */
  readonly repeated: readonly number[];
  readonly second: ProgramExit;
  /** Jobs and keys at the end. */
  readonly left: readonly string[];
}

/** Freezes a manager, has a second one wait for its lease, and lets the first one go on. Takes the 15 s that a lease is looked at. */
export async function loseLease(): Promise<LostLease> {
  await using bed = await BatchFaultBed.open();
  const frozen = await bed.manager("frozen", ["--tasks-per-job", "1"]);
  // Some end while nobody looks, some are running when the second one comes, some have not begun.
  const client = await bed.client({ tasks: 8, seconds: 3 });
  await client.begun(5);
  frozen.kill("SIGSTOP");
  const other = await bed.manager("frozen", ["--tasks-per-job", "1"]);
  await other.waitForLog(/took over what an earlier process left/, 40_000);
  const calls = (): number => (bed.aws.counts()["TerminateJob"] ?? 0) + (bed.aws.counts()["TerminateJobs"] ?? 0);
  const before = calls();
  frozen.kill("SIGCONT");
  const first = await frozen.exited;
  const terminated = calls() - before;
  const outcome = await client.outcome();
  const { repeated } = await client.record();
  const second = await other.stop("SIGTERM", 20_000);
  const left = [...bed.aws.liveJobs(), ...bed.leftKeys()];
  return { first, text: frozen.logs.text, terminated, outcome, repeated, second, left };
}
