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
  const [{ isUnknownCommand, reportError }, { SCHEMA_VERSION }] = await Promise.all([
    import("./error-report.ts"),
    import("./base-command.ts"),
  ]);
  const { message, exitCode, suggestions = [], code } = reportError(reason);
  // `exit()` of a command, which is no failure to explain.
  if (isExit(reason)) return exitCode;
  const text = isUnknownCommand(reason) ? await unknownCommand(argv, root) : message;
  // A command that takes --json has printed its document itself, and throws nothing.
  if (isJsonAsked(argv)) {
    const error = { code, message: text, exitCode, ...(suggestions.length > 0 && { suggestions }) };
    process.stdout.write(`${JSON.stringify({ schemaVersion: SCHEMA_VERSION, error }, undefined, 2)}\n`);
    return exitCode;
  }
  const coded = reason instanceof Error && reason.message.startsWith("[") ? reason.message : `[${code}] ${text}`;
  process.stderr.write(`scaler-aws-hpc: ${[coded, ...suggestions].join("; ")}\n`);
  const cause = reason instanceof Error ? reason.cause : undefined;
  if (code === "internal" && cause instanceof Error) process.stderr.write(`${cause.stack}\n`);
  return exitCode;
}

async function unknownCommand(argv: readonly string[], root: string): Promise<string> {
  const { describeUnknownCommand } = await import("./unknown-command.ts");
  const { commandIDs } = await Config.load({ root });
  return describeUnknownCommand(
    argv,
    commandIDs.map((id) => id.replaceAll(":", " ")),
  );
}

const isJsonAsked = (argv: readonly string[]): boolean => {
  const end = argv.indexOf("--");
  return argv.slice(0, end < 0 ? argv.length : end).includes("--json");
};

const isExit = (reason: unknown): boolean =>
  typeof reason === "object" && reason !== null && "code" in reason && reason.code === "EEXIT";
