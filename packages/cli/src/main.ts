import { fileURLToPath } from "node:url";
import { flush } from "@oclif/core/flush";
import { run } from "@oclif/core/run";
import { settings } from "@oclif/core/settings";
import { rewriteCommandLine } from "./rewrite-command-line.ts";

/**
 * Runs one command line and ends the process with a code of `exit-codes.ts`.
 *
 * @param argv what follows the program's name.
 */
export async function main(argv: readonly string[]): Promise<never> {
  // What is installed is compiled: never look for TypeScript sources beside it.
  settings.enableAutoTranspile = false;
  try {
    const root = fileURLToPath(new URL("..", import.meta.url));
    await run(rewriteCommandLine(argv, process.cwd()), { root });
    await flush();
  } catch (reason) {
    process.exitCode = await explain(reason);
  }
  // A plugin that leaves a timer behind must not keep a drained manager alive.
  process.exit();
}

/** Prints why it failed, on stderr. */
async function explain(reason: unknown): Promise<number> {
  const { reportError } = await import("./error-report.ts");
  const { message, exitCode, suggestions = [], code } = reportError(reason);
  // `exit()` of a command, which is no failure to explain.
  if (isExit(reason)) return exitCode;
  const text = message.startsWith("[") ? message : `[${code}] ${message}`;
  process.stderr.write(`scaler-aws-hpc: ${[text, ...suggestions].join("\n")}\n`);
  const cause = reason instanceof Error ? reason.cause : undefined;
  if (code === "internal" && cause instanceof Error) process.stderr.write(`${cause.stack}\n`);
  return exitCode;
}

const isExit = (reason: unknown): boolean =>
  typeof reason === "object" && reason !== null && "code" in reason && reason.code === "EEXIT";
