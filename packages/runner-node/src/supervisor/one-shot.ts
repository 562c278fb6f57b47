import { writeSync } from "node:fs";
import type { Job } from "../job/job.ts";
import { describeJob } from "../job/job-description.ts";
import { monotonicMs } from "../messages/clock.ts";
import { isRunnerError } from "../runner-error.ts";
import { openStore } from "../store/open-store.ts";
import { LANGUAGE, RUNNER_VERSION } from "../versions.ts";
import { ChildRun } from "./child-run.ts";
import type { Ending } from "./ending.ts";
import type { Executors } from "./executors.ts";
import { leave } from "./leave.ts";

/** What the process ends with; the backend tells failures apart by it. See docs/runner-protocol.md. */
const EXIT = { ok: 0, failed: 1, usage: 64, corrupt: 65, internal: 70, store: 74, environment: 78, term: 143 } as const;

/** AWS Batch kills 30 s after SIGTERM. */
const HURRY_MS = 15_000;
/** A bundle that cannot be read costs a new job; a result that cannot be stored all the time of its task, and nobody waits for this process. */
const WRITE_MS = 300_000;

/** Runs the one child that parameters and environment describe; the exit code says what became of it. */
export async function runOneShot(executors: Executors, parameters: ReadonlyMap<string, string>): Promise<void> {
  try {
    leave(await runJob(executors, describeJob(parameters, process.env)), executors);
  } catch (reason) {
    const code = isRunnerError(reason) ? reason.code : "internal";
    const text = reason instanceof Error ? reason.message : String(reason);
    log(code === "internal" ? `failed by a mistake of its own: ${text}` : text);
    leave(code === "stopped" ? EXIT.term : EXIT[code], executors);
  }
}

async function runJob(executors: Executors, job: Job): Promise<number> {
  const beganMs = monotonicMs();
  const who = `${job.job} child ${job.child} attempt ${job.attempt}`;
  const batchJob = (process.env.AWS_BATCH_JOB_ID ?? "-").slice(0, 64);
  log(`${who}, batch job ${batchJob}, ${LANGUAGE}; ${process.uptime().toFixed(2)} s after the process began`);
  const store = openStore(job.store);
  store.patience(WRITE_MS);
  let answered = 0;
  let frames = 0;
  let stopped = false;
  const listener = {
    frame: (_key: string, results: number) => {
      answered += results;
      frames += 1;
    },
    progress: () => undefined,
  };
  const begun = executors.first;
  const child = new ChildRun({ job, store, executors, ...(begun && { begun }), alone: true, listener });
  process.on("SIGTERM", () => {
    stopped = true;
    store.hurry(HURRY_MS);
    child.stop("exit", "the runner was told to stop (SIGTERM)");
  });
  const running = child.run();
  store.prepare();
  const ending = await running;
  const code = stopped && (ending.ok || ending.kind === "exit") ? EXIT.term : codeOf(ending);
  if (!ending.ok) write(`${ending.kind}: ${ending.reason}\n`);
  const seconds = ((monotonicMs() - beganMs) / 1_000).toFixed(3);
  const counts = `${answered} answered, ${child.handedBack} handed back, ${frames} frames`;
  log(`${who} ends with code ${code}: ${counts}; ${seconds} s in all`);
  return code;
}

function codeOf(ending: Ending): number {
  if (ending.ok) return EXIT.ok;
  return ending.kind === "corrupt" || ending.kind === "store" ? EXIT[ending.kind] : EXIT.failed;
}

function log(text: string): void {
  write(`scaler-runner-node ${RUNNER_VERSION}: ${text}\n`);
}

/** To standard error, without the stream that Node makes for it, which takes as long as all else that is done here at the start. */
function write(line: string): void {
  try {
    writeSync(2, line);
  } catch {
    // Nobody reads it.
  }
}
