import { parentPort, workerData } from "node:worker_threads";
import type { RunPack } from "../threads/messages.ts";
import { SharedState } from "../threads/shared-state.ts";
import { Executor } from "./executor.ts";
import { captureOutput } from "./output.ts";

/** What the supervising thread passes to a new thread. */
export interface ExecutorData {
  readonly state: SharedArrayBuffer;
}

/** The program of the thread that runs tasks. */
export function startExecutor(): void {
  if (parentPort === null) throw new Error("tasks are run in a worker thread");
  const state = new SharedState((workerData as ExecutorData).state);
  captureOutput(state.out, state.err);
  const executor = new Executor(parentPort, state);
  contain(executor, state);
  parentPort.on("message", (pack: RunPack) => executor.add(pack));
}

/** What would end the thread without a word ends the task that did it, with a word; then the thread. */
function contain(executor: Executor, state: SharedState): void {
  const exit = process.exit.bind(process);
  const onUncaught = (reason: unknown): void => {
    // After an error that nobody caught the task may never settle, and what it left is in no known state: the rest runs in another thread.
    if (executor.failNow(executor.blamed, reason)) exit(1);
    else state.err.write(Buffer.from(`a task that was over left an error behind: ${String(reason)}\n`));
  };
  process.on("uncaughtException", onUncaught);
  process.on("unhandledRejection", onUncaught);
  process.exit = ((code?: number | string | null): never => {
    const text = `the task called process.exit(${code ?? ""})`;
    if (executor.failNow(executor.blamed, new Error(text))) return exit(code);
    throw new Error("a task that is over called process.exit");
  }) as typeof process.exit;
}
