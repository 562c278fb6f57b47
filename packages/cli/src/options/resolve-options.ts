import { didYouMean } from "@scaler-aws-hpc/adapter-core";
import { CliError } from "../cli-error.ts";
import { type ConfigFile, PROFILE_KEY } from "./config-file.ts";
import { environmentName, type Option, type OptionValue } from "./option.ts";
import { parseValue } from "./parse-value.ts";
import { PROFILES_KEY } from "./profiles.ts";
import { formatValue, shownValue } from "./show-value.ts";

/** Where a value came from. */
export type Origin =
  | { readonly kind: "flag" }
  | { readonly kind: "environment"; readonly variable: string }
  | { readonly kind: "file"; readonly path: string; readonly table: string }
  | { readonly kind: "default" };

/** A value and where it came from. */
export interface ResolvedOption {
  readonly option: Option;
  readonly value: OptionValue;
  readonly origin: Origin;
}

/** Everything that was set, or has a default, by name. */
export interface Resolved {
  readonly options: ReadonlyMap<string, ResolvedOption>;
  /** Options without a value, whose default is decided later (`defaultText` says how). */
  readonly undecided: readonly Option[];
  /** One line each, for stderr. */
  readonly warnings: readonly string[];
}

/** What {@link resolveOptions} decides between, the strongest first. */
export interface OptionSources {
  /** What oclif parsed: text, lists of text or booleans, by long name. */
  readonly flags: Readonly<Record<string, unknown>>;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** The strongest first. */
  readonly files: readonly ConfigFile[];
}

/**
 * Decides each option: flag, then environment, then files, then default. Every source is checked, also where a stronger one wins, so that a
 * wrong value is found before the day it counts.
 *
 * @throws {CliError} `usage` for a bad flag; `config` for a bad variable, an unknown key or a bad value in a file.
 */
export function resolveOptions(options: readonly Option[], sources: OptionSources): Resolved {
  const warnings = [...strangeVariables(options, sources.environment)];
  for (const file of sources.files) refuseUnknownKeys(options, file);
  const resolved = new Map<string, ResolvedOption>();
  const ignored: string[] = [];
  for (const option of options) {
    const found = [...candidates(option, sources)];
    const [first] = found;
    const overruled = first && overruledFile(first, found);
    if (overruled !== undefined) warnings.push(overruled);
    if (first !== undefined && option.ignored !== undefined) ignored.push(`--${option.name} (${option.ignored})`);
    const chosen = first ?? (option.default === undefined ? undefined : byDefault(option, option.default));
    if (chosen !== undefined && option.ignored === undefined) resolved.set(option.name, chosen);
  }
  if (ignored.length > 0) warnings.push(`accepted and ignored: ${ignored.join(", ")}`);
  const undecided = options.filter(({ name, ignored }) => ignored === undefined && !resolved.has(name));
  return { options: resolved, undecided, warnings };
}

const byDefault = (option: Option, value: OptionValue): ResolvedOption => ({
  option,
  value,
  origin: { kind: "default" },
});

function* candidates(option: Option, sources: OptionSources): Iterable<ResolvedOption> {
  const flag = sources.flags[option.name];
  if (flag !== undefined) yield read(option, flag, { kind: "flag" }, `--${option.name}`);
  for (const variable of variablesOf(option)) {
    const text = sources.environment[variable];
    // An empty variable is how shells and containers say "not set".
    if (text === undefined || text === "") continue;
    const raw = option.type === "strings" ? text.split(",") : text;
    yield read(option, raw, { kind: "environment", variable }, variable);
  }
  for (const { path, table, entries } of sources.files) {
    const present = [option.name, ...(option.aliases ?? [])].filter((name) => entries[name] !== undefined);
    if (present.length > 1)
      throw new CliError("config", `${path} ${table}: ${present.join(" and ")} mean the same; keep one`);
    for (const name of present)
      yield read(option, entries[name], { kind: "file", path, table }, `${path} ${table} ${name.replaceAll("-", "_")}`);
  }
}

/**
 * Variables that other programs read too, or that an environment file of another deployment set, count before a file that was meant: that is said. One with our prefix
 * was set for this program.
 */
function overruledFile(first: ResolvedOption, found: readonly ResolvedOption[]): string | undefined {
  const { option, origin } = first;
  if (origin.kind !== "environment" || origin.variable.startsWith(PREFIX)) return undefined;
  const other = found.find((one) => one.origin.kind === "file");
  if (other?.origin.kind !== "file" || formatValue(other.value) === formatValue(first.value)) return undefined;
  const shown = (one: ResolvedOption): string => formatValue(shownValue(one));
  const key = option.name.replaceAll("-", "_");
  return `${origin.variable} says ${shown(first)}, which counts before ${key} = ${shown(other)} in ${other.origin.path}; give --${option.name} ${shown(other)}, or unset the variable, where the file is meant`;
}

const variablesOf = (option: Option): readonly string[] => [
  ...[option.name, ...(option.aliases ?? [])].map(environmentName),
  ...(option.env ?? []),
];

function read(option: Option, raw: unknown, origin: Origin, where: string): ResolvedOption {
  try {
    return { option, value: parseValue(option, raw), origin };
  } catch (reason) {
    // The address parser speaks with its own code in front.
    const why = (reason as Error).message.replace(/^\[[a-z-]+\] /, "");
    throw new CliError(origin.kind === "flag" ? "usage" : "config", `${where}: ${why}`, { cause: reason });
  }
}

function refuseUnknownKeys(options: readonly Option[], { path, table, entries }: ConfigFile): void {
  const inFile = options.filter(({ notInFile }) => notInFile !== true);
  const known = new Set([
    PROFILE_KEY,
    PROFILES_KEY,
    ...inFile.flatMap(({ name, aliases }) => [name, ...(aliases ?? [])]),
  ]);
  for (const key of Object.keys(entries)) {
    if (known.has(key)) continue;
    const close = didYouMean(key, known);
    const next = close === undefined ? "" : `; did you mean ${close.replaceAll("-", "_")}?`;
    throw new CliError("config", `${path} ${table}: unknown key ${JSON.stringify(key.replaceAll("-", "_"))}${next}`);
  }
}

const PREFIX = "SCALER_AWS_HPC_";

/** Other variables with our prefix are not ours to refuse (a container platform makes some from service names): only slips are named. */
function* strangeVariables(
  options: readonly Option[],
  environment: Readonly<Record<string, string | undefined>>,
): Iterable<string> {
  const known = new Set(options.flatMap(variablesOf));
  for (const variable of Object.keys(environment)) {
    if (!variable.startsWith(PREFIX) || known.has(variable)) continue;
    const close = didYouMean(
      variable.slice(PREFIX.length),
      [...known].filter((name) => name.startsWith(PREFIX)).map((name) => name.slice(PREFIX.length)),
    );
    if (close !== undefined) yield `unknown variable ${variable}; did you mean ${PREFIX}${close}?`;
  }
}
