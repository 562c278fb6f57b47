import { isMainThread } from "node:worker_threads";
import { ArgumentError, type Arguments, readArguments } from "./supervisor/arguments.ts";
import { Executors } from "./supervisor/executors.ts";
import { memoryLimits } from "./supervisor/memory-limits.ts";
import { LANGUAGE, RUNNER_VERSION } from "./versions.ts";

// The one program of both threads; each loads its own half only. The thread that runs tasks takes as long to start as everything else together:
// it is begun first, and gets ready while this one loads the rest, and while the bundle comes. `__filename` is what the bundle calls itself.

function supervise({ mode, parameters }: Arguments): void {
  if (mode === "version") {
    process.stdout.write(`scaler-runner-node ${RUNNER_VERSION} (${LANGUAGE})\n`);
    return;
  }
  const executors = new Executors(__filename, memoryLimits());
  executors.warm();
  if (mode === "one-shot") {
    void import("./supervisor/one-shot.ts").then(({ runOneShot }) => runOneShot(executors, parameters));
  } else void import("./supervisor/serve.ts").then(({ serve }) => serve(executors));
}

if (isMainThread) {
  try {
    supervise(readArguments(process.argv.slice(2)));
  } catch (reason) {
    if (!(reason instanceof ArgumentError)) throw reason;
    process.stderr.write(`${reason.message}\n`);
    process.exit(reason.exitCode);
  }
} else void import("./executor/start-executor.ts").then(({ startExecutor }) => startExecutor());
