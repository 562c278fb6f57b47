import { fileURLToPath } from "node:url";
import { Config } from "@oclif/core/config";
import { run } from "@oclif/core/run";
import { settings } from "@oclif/core/settings";
import { bearBrokenOutput, stdoutWritten } from "./broken-output.ts";
import { rewriteCommandLine } from "./rewrite-command-line.ts";

/**
 * Runs one command line and ends the process with a code of `exit-codes.ts`.
 *
 * @param argv what follows the program's name.
 */
export async function main(argv: readonly string[]): Promise<never> {
  // What is installed is compiled: never look for TypeScript sources beside it.
  settings.enableAutoTranspile = false;
  bearBrokenOutput();
  shortenWarnings();
  const root = fileURLToPath(new URL("..", import.meta.url));
  try {
    await run(rewriteCommandLine(argv, process.cwd()), { root });
  } catch (reason) {
    process.exitCode = await explain(reason, argv, root);
  }
  await stdoutWritten();
  // A plugin that leaves a timer behind must not keep a drained manager alive.
  process.exit();
}

/** Node prints a warning with its stack and detail, oclif's about a plugin that is gone over nine lines: `installedPlugins` tells of those. */
function shortenWarnings(): void {
  process.removeAllListeners("warning");
  process.on("warning", (warning: Error & { readonly detail?: string }) => {
    const { name, message, detail = "" } = warning;
    if (name.includes(" Plugin: ") && /^(could not find package\.json|ENOENT)/.test(message)) return;
    const text = `${message} ${detail}`.replaceAll(/\s+/g, " ").trim();
    process.stderr.write(`warning: ${text.slice(0, 500)}\n`);
  });
}

/** Prints why it failed, on stderr. */
async function explain(reason: unknown, argv: readonly string[], root: string): Promise<number> {
  const { isUnknownCommand, reportError } = await import("./error-report.ts");
  const { message, exitCode, suggestions = [], code } = reportError(reason);
  // `exit()` of a command, which is no failure to explain.
  if (isExit(reason)) return exitCode;
  const guess = isUnknownCommand(reason) ? await guessCommand(argv, root) : [];
  const coded = reason instanceof Error && reason.message.startsWith("[") ? reason.message : `[${code}] ${message}`;
  process.stderr.write(`scaler-aws-hpc: ${[coded, ...suggestions, ...guess].join("; ")}\n`);
  const cause = reason instanceof Error ? reason.cause : undefined;
  if (code === "internal" && cause instanceof Error) process.stderr.write(`${cause.stack}\n`);
  return exitCode;
}

async function guessCommand(argv: readonly string[], root: string): Promise<readonly string[]> {
  const { didYouMean } = await import("@scaler-aws-hpc/adapter-core");
  const config = await Config.load({ root });
  const known = config.commandIDs.map((id) => id.replaceAll(":", " "));
  const words = argv.slice(0, 2).filter((word) => !word.startsWith("-"));
  const close = didYouMean(words.join(" "), known) ?? didYouMean(words[0] ?? "", known);
  return close === undefined ? [] : [`did you mean \`scaler-aws-hpc ${close}\`?`];
}

const isExit = (reason: unknown): boolean =>
  typeof reason === "object" && reason !== null && "code" in reason && reason.code === "EEXIT";
