import type { ProgramExit } from "../scaler/index.ts";
import { BatchFaultBed, type Outcome } from "./batch-fault-bed.ts";

/** What became of a run through many faults at once. */
export interface Storm {
  readonly outcome: Outcome;
  readonly exit: ProgramExit;
  /** Faults that really happened, by their names. */
  readonly happened: Readonly<Record<string, number>>;
  /** Jobs and keys at the end. */
  readonly left: readonly string[];
  readonly logs: string;
}

/** Machines that go away, containers twice, calls that fail or whose answers are lost, S3 that asks to slow down. */
export async function comeThroughStorm(tasks: number): Promise<Storm> {
  await using bed = await BatchFaultBed.open({ queues: [{ name: "emulator-queue", type: "SPOT", vcpus: 100 }] });
  const { faults } = bed.aws;
  // What has to happen does not wait for chance: packs may be few.
  faults.addAttemptRule({ fault: "spot", times: 2 });
  faults.addAttemptRule({ fault: "twin", times: 2 });
  faults.addAttemptRule({ fault: "spot", rate: 0.2 });
  faults.addAttemptRule({ fault: "twin", rate: 0.2 });
  faults.addAttemptRule({ fault: "ghost", rate: 0.1 });
  faults.addAttemptRule({ fault: "oom", rate: 0.05 });
  // It takes as long to find out as a job may take to become visible: one will do.
  faults.addCallRule({ fault: "lost-response", operations: ["SubmitJob"], times: 1 });
  faults.addCallRule({ fault: "throttle", rate: 0.3 });
  bed.s3.faults.add({ fault: "slow-down", rate: 0.2 });
  const manager = await bed.manager("storm", ["--tasks-per-job", "5"]);
  const client = await bed.client({ tasks, seconds: 0.03 });
  const outcome = await client.outcome(60_000);
  const { happened } = faults;
  faults.clear();
  bed.s3.faults.clear();
  const exit = await manager.stop("SIGTERM", 20_000);
  return { outcome, exit, happened, left: [...bed.aws.liveJobs(), ...bed.leftKeys()], logs: bed.logs() };
}
