import { LANGUAGE, RUNNER_VERSION } from "../versions.ts";
import { ArgumentError, readArguments } from "./arguments.ts";
import { runOneShot } from "./one-shot.ts";
import { serve } from "./serve.ts";

/** The program of the main thread: one job of a batch service, or a manager's jobs over the control channel. */
export function startSupervisor(file: string, words: readonly string[]): void {
  let code: number | undefined;
  try {
    const { mode, parameters } = readArguments(words);
    if (mode === "version") process.stdout.write(`scaler-runner-node ${RUNNER_VERSION} (${LANGUAGE})\n`);
    else if (mode === "one-shot") void runOneShot(file, parameters);
    else code = serve(file);
  } catch (reason) {
    if (!(reason instanceof ArgumentError)) throw reason;
    process.stderr.write(`${reason.message}\n`);
    code = reason.exitCode;
  }
  if (code !== undefined) process.exit(code);
}
