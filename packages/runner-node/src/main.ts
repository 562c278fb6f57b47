import { ArgumentError, type Arguments, readArguments } from "./job/arguments.ts";
import { Executors } from "./supervisor/executors.ts";
import { runOneShot } from "./supervisor/one-shot.ts";
import { serve } from "./supervisor/serve.ts";
import { LANGUAGE, RUNNER_VERSION } from "./versions.ts";

// The process that watches over the one that runs tasks. That one is started first: it gets ready meanwhile. `__filename` is what the bundle calls itself.

function supervise({ mode, parameters }: Arguments): void {
  if (mode === "version") {
    process.stdout.write(`scaler-runner-node ${RUNNER_VERSION} (${LANGUAGE})\n`);
    return;
  }
  const executors = new Executors(__filename);
  if (mode === "one-shot") {
    executors.begin(process.argv.slice(2));
    void runOneShot(executors, parameters);
  } else {
    executors.warm();
    serve(executors);
  }
}

try {
  supervise(readArguments(process.argv.slice(2)));
} catch (reason) {
  if (!(reason instanceof ArgumentError)) throw reason;
  process.stderr.write(`${reason.message}\n`);
  process.exit(reason.exitCode);
}
