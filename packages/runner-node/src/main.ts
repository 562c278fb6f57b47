import { ArgumentError, type Arguments, readArguments } from "./job/arguments.ts";
import { LANGUAGE, RUNNER_VERSION } from "./versions.ts";

// The one program of both processes; each loads its own half only. The executor is started first: it gets ready while the supervisor loads the rest.
// `__filename` is what the bundle calls itself.

function start({ mode, executor, parameters }: Arguments): void {
  if (mode === "version") {
    if (!executor) process.stdout.write(`scaler-runner-node ${RUNNER_VERSION} (${LANGUAGE})\n`);
  } else if (executor) {
    const job = mode === "one-shot" ? parameters : undefined;
    void import("./executor/start-executor.ts").then(({ startExecutor }) => startExecutor(job));
  } else void supervise(mode, parameters);
}

async function supervise(mode: "serve" | "one-shot", parameters: ReadonlyMap<string, string>): Promise<void> {
  const { Executors } = await import("./supervisor/executors.ts");
  const { memoryLimits } = await import("./supervisor/memory-limits.ts");
  const executors = new Executors(__filename, memoryLimits());
  if (mode === "one-shot") {
    executors.begin(process.argv.slice(2));
    const { runOneShot } = await import("./supervisor/one-shot.ts");
    await runOneShot(executors, parameters);
  } else {
    executors.warm();
    const { serve } = await import("./supervisor/serve.ts");
    serve(executors);
  }
}

try {
  start(readArguments(process.argv.slice(2)));
} catch (reason) {
  if (!(reason instanceof ArgumentError)) throw reason;
  process.stderr.write(`${reason.message}\n`);
  process.exit(reason.exitCode);
}
