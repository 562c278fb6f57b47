import { existsSync, statSync } from "node:fs";
import { resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { CliError } from "./cli-error.ts";
import { normaliseArgv } from "./options/argv.ts";
import { OPTIONS } from "./options/table.ts";

/** Words that are no commands, but have some. */
const TOPICS: readonly string[] = ["config", "orphans", "provision"];
const HELP: readonly string[] = ["--help", "-h"];

/** Brings a command line into the form that oclif and its plugin commands understand. @throws {CliError} `usage` for flags where a command is missing */
export function rewriteCommandLine(argv: readonly string[], workingFolder: string): string[] {
  const [first, second, ...rest] = argv;
  // oclif would print help and end with 0, as if something had been done.
  if (first !== undefined && TOPICS.includes(first) && second?.startsWith("-") && !HELP.includes(second)) {
    const text = `${first} is several commands: expected one of them, got ${second.slice(0, 80)}; see \`scaler-aws-hpc ${first} --help\``;
    throw new CliError("usage", text);
  }
  if (first === "start") return [first, ...normaliseArgv(argv.slice(1), OPTIONS)];
  const takesOptions = (first === "config" && second === "show") || (first === "orphans" && second !== undefined);
  if (takesOptions) return [first, second, ...normaliseArgv(rest, OPTIONS)];
  if (first === "plugins" && (second === "install" || second === "add"))
    return [first, second, ...rest.map((argument) => tarballUrl(argument, workingFolder))];
  return [...argv];
}

/** oclif takes a tarball only as a URL: `x.tgz` would be looked up in the registry, `./x.tgz` at GitHub. */
function tarballUrl(argument: string, workingFolder: string): string {
  if (argument.startsWith("-") || !/\.(tgz|tar\.gz)$/.test(argument) || /^[a-z+]+:/i.test(argument)) return argument;
  const path = resolve(workingFolder, argument);
  return existsSync(path) && statSync(path).isFile() ? pathToFileURL(path).href : argument;
}
