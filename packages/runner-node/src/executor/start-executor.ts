import { hash } from "node:crypto";
import { writeFileSync } from "node:fs";
import { describeJob } from "../job/job-description.ts";
import { loadPack } from "../job/load-pack.ts";
import { rulesOf } from "../messages/pack.ts";
import { isRunnerError } from "../runner-error.ts";
import { openStore } from "../store/open-store.ts";
import { listen } from "./command-pipe.ts";
import { Executor } from "./executor.ts";
import { captureOutput } from "./output.ts";
import { ReportPipe, supervisorIsGone } from "./report-pipe.ts";

/** Where an executor reports, and where it hears its supervisor. A launcher gives it the first one only. */
const REPORTS_FD = 3;
const COMMANDS_FD = 4;

const LOOK_MS = 1_000;

/** The program of a process that runs tasks: of the one job that its parameters describe, or what it is told. */
export function startExecutor(parameters: ReadonlyMap<string, string> | undefined): void {
  const reports = new ReportPipe(REPORTS_FD);
  const executor = new Executor(reports);
  volunteer();
  captureOutput(reports);
  contain(executor, reports);
  if (parameters === undefined) obey(executor);
  else {
    stayWith(process.ppid);
    void runJob(executor, reports, parameters);
  }
}

/** A task may wait for what never comes, with nothing else to do; and without commands there is no pipe that tells when the supervisor is gone. */
function stayWith(supervisor: number): void {
  setInterval(() => {
    if (process.ppid !== supervisor) supervisorIsGone();
  }, LOOK_MS);
}

/** Where memory is short the kernel ends this process, not its supervisor. */
function volunteer(): void {
  try {
    if (process.platform === "linux") writeFileSync("/proc/self/oom_score_adj", "1000");
  } catch {
    // Not everywhere it may.
  }
}

function obey(executor: Executor): void {
  listen(COMMANDS_FD, (command) => {
    if (command.type === "skip") executor.skip(command.tasks);
    else void executor.run(command.pack);
  });
  // What every function needs, loaded while the supervisor reads the pack.
  hash("sha256", "");
}

async function runJob(executor: Executor, reports: ReportPipe, parameters: ReadonlyMap<string, string>): Promise<void> {
  let pack: Awaited<ReturnType<typeof loadPack>>;
  try {
    const job = describeJob(parameters, process.env);
    pack = await loadPack(job, openStore(job.store));
  } catch (reason) {
    const text = reason instanceof Error ? reason.message : String(reason);
    reports.refused({ code: isRunnerError(reason) ? reason.code : "internal", reason: text });
    return;
  }
  const { section, objects, tasks } = pack;
  const rules = rulesOf(section);
  reports.loaded(rules);
  const todo = tasks.map((_, index) => index);
  await executor.run({ objects, tasks, todo, budgetMs: rules.packBudgetMs, firstStartMs: undefined });
}

/** What would end the process without a word ends the task that did it, with a word; then the process. */
function contain(executor: Executor, reports: ReportPipe): void {
  const exit = process.exit.bind(process);
  const onUncaught = (reason: unknown): void => {
    // After an error that nobody caught the task may never settle, and what it left is in no known state: the rest runs in another process.
    if (executor.failNow(executor.blamed, reason)) exit(1);
    else reports.output("err", Buffer.from(`a task that was over left an error behind: ${String(reason)}\n`));
  };
  process.on("uncaughtException", onUncaught);
  process.on("unhandledRejection", onUncaught);
  process.exit = ((code?: number | string | null): never => {
    const text = `the task called process.exit(${code ?? ""})`;
    if (executor.failNow(executor.blamed, new Error(text))) return exit(code);
    throw new Error("a task that is over called process.exit");
  }) as typeof process.exit;
}
