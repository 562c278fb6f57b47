import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { didYouMean } from "@scaler-aws-hpc/adapter-core";
import { parse, TomlError } from "smol-toml";
import { CliError } from "../cli-error.ts";

/** The manager's table in a TOML file. */
export interface ConfigFile {
  readonly path: string;
  /** The table as it is written, such as `[[worker_manager]]`. */
  readonly table: string;
  /** Keys with `-` for `_`. */
  readonly entries: Readonly<Record<string, unknown>>;
}

/** Where files are looked for. */
export interface ConfigFilePlaces {
  /** `--config` or its variable: has to be there. */
  readonly explicit: string | undefined;
  readonly workingFolder: string;
  /** The program's folder below XDG_CONFIG_HOME. */
  readonly configFolder: string;
}

/** The file that is read when it lies in the working folder. */
export const LOCAL_FILE = "scaler-aws-hpc.toml";

/**
 * Reads every file that counts, the strongest first.
 *
 * @throws {CliError} `config`: a file that was asked for is not there, is no TOML, or has not exactly one table of ours.
 */
export async function readConfigFiles(places: ConfigFilePlaces): Promise<readonly ConfigFile[]> {
  const files = [
    places.explicit === undefined ? undefined : await readConfigFile(places.explicit, true),
    await readConfigFile(join(places.workingFolder, LOCAL_FILE), false),
    await readConfigFile(join(places.configFolder, "config.toml"), false),
  ];
  return files.filter((file) => file !== undefined);
}

async function readConfigFile(path: string, required: boolean): Promise<ConfigFile | undefined> {
  let text: string;
  try {
    text = await readFile(path, "utf8");
  } catch (reason) {
    const { code } = reason as NodeJS.ErrnoException;
    if (!required && (code === "ENOENT" || code === "ENOTDIR")) return undefined;
    throw new CliError("config", `${path}: expected a TOML file that can be read, got ${code ?? reason}`, {
      cause: reason,
    });
  }
  return parseConfigFile(path, text);
}

/**
 * Finds the manager's table in a file that may configure a whole Scaler cluster: `[aws_hpc_worker_adapter]`, `[aws_hpc_worker_manager]`, or the
 * `[worker_manager]` or `[[worker_manager]]` of type `aws_hpc`. Tables of other programs are left alone.
 *
 * @throws {CliError} `config`
 */
export function parseConfigFile(path: string, text: string): ConfigFile {
  let document: Readonly<Record<string, unknown>>;
  try {
    document = parse(text);
  } catch (reason) {
    const where = reason instanceof TomlError ? `:${reason.line}:${reason.column}` : "";
    const [why = ""] = (reason instanceof Error ? reason.message : String(reason)).split("\n");
    throw new CliError("config", `${path}${where}: ${why}`, { cause: reason });
  }
  const found = [...tables(path, document)].map((table) => withProfiles(path, table, document));
  const [first] = found;
  if (first === undefined) {
    const close = Object.keys(document).map((key) => [key, didYouMean(key, TABLES)] as const);
    // A table that is spelt right is one of another manager's type.
    const guess = close.find(([key, meant]) => meant !== undefined && meant !== key);
    const next = guess === undefined ? "" : `; did you mean [${guess[1]}] where it says ${JSON.stringify(guess[0])}?`;
    throw new CliError(
      "config",
      `${path}: expected a table [aws_hpc_worker_manager], [aws_hpc_worker_adapter] or [[worker_manager]] with type = "aws_hpc", got ${listKeys(document)}${next}`,
    );
  }
  if (found.length > 1) {
    const names = found.map(({ table }) => table).join(", ");
    throw new CliError("config", `${path}: expected one table for this manager, got ${names}; keep one in each file`);
  }
  return { path, ...first };
}

/** The key of profiles as an array of tables: at the top of a file, where most people write them, or within the manager's table. */
export const PROFILE_KEY = "profile";

/** `[[profile]]` at the top of a file belongs to the one table of ours in it. */
function withProfiles(
  path: string,
  { table, entries }: Omit<ConfigFile, "path">,
  document: Readonly<Record<string, unknown>>,
): Omit<ConfigFile, "path"> {
  const profiles = document[PROFILE_KEY];
  if (profiles === undefined) return { table, entries };
  if (entries[PROFILE_KEY] !== undefined)
    throw new CliError("config", `${path}: expected [[profile]] or profiles within ${table}, got both; keep one`);
  return { table, entries: { ...entries, [PROFILE_KEY]: profiles } };
}

const TABLES = ["aws_hpc_worker_manager", "aws_hpc_worker_adapter", "worker_manager"] as const;
const TYPE = "aws_hpc";

function* tables(path: string, document: Readonly<Record<string, unknown>>): Iterable<Omit<ConfigFile, "path">> {
  for (const name of TABLES) {
    const value = document[name];
    if (value === undefined) continue;
    const array = Array.isArray(value);
    const table = array ? `[[${name}]]` : `[${name}]`;
    for (const entries of array ? value : [value]) {
      if (!isTable(entries)) throw new CliError("config", `${path}: expected ${name} to be a table`);
      if (name !== "worker_manager") {
        yield { table, entries: hyphenated(path, table, entries) };
        continue;
      }
      const { type, ...rest } = entries;
      if (type === undefined)
        throw new CliError(
          "config",
          `${path} ${table}: expected type = "${TYPE}" (or another manager's type), got none`,
        );
      if (type === TYPE) yield { table, entries: hyphenated(path, table, rest) };
      else if (typeof type === "string" && didYouMean(type, [TYPE]) !== undefined)
        throw new CliError("config", `${path} ${table}: type = ${JSON.stringify(type)}; did you mean "${TYPE}"?`);
    }
  }
}

function hyphenated(path: string, table: string, entries: object): Readonly<Record<string, unknown>> {
  const result = new Map<string, unknown>();
  for (const [key, value] of Object.entries(entries)) {
    const name = key.replaceAll("_", "-");
    if (result.has(name)) throw new CliError("config", `${path} ${table}: ${key} is written twice, with - and with _`);
    result.set(name, value);
  }
  return Object.fromEntries(result);
}

const isTable = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value) && !(value instanceof Date);

function listKeys(document: object): string {
  const keys = Object.keys(document);
  return keys.length === 0
    ? "an empty file"
    : keys
        .slice(0, 10)
        .map((key) => JSON.stringify(key))
        .join(", ");
}
