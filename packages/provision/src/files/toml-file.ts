import { AdapterError } from "@scaler-aws-hpc/adapter-core";
import { parse, stringify } from "smol-toml";

/** The table that `start` reads. */
const TABLE = "aws_hpc_worker_manager";

const HEADER = `# Written by \`scaler-aws-hpc provision apply\`, which changes only the keys that it knows: what is added here stays.
# Start a manager with: scaler-aws-hpc start --config FILE tcp://SCHEDULER:8516
`;

/** What is written: keys as in a file, with underscores. */
export type TomlValues = Readonly<Record<string, string | number>>;

/**
 * The text of a file for `start --config` with these values in it. Everything else that stands in the file before (other keys, comments, other
 * tables) stays as it is.
 *
 * @param defaults written only where the key is not there yet
 * @throws {AdapterError} `config` for a file that is no TOML, or has the values where a line cannot be changed
 */
export function mergeToml(
  path: string,
  before: string | undefined,
  values: TomlValues,
  defaults: TomlValues = {},
): string {
  const known = before === undefined || before.trim() === "" ? undefined : read(path, before)[TABLE];
  if (before === undefined || before.trim() === "") return `${HEADER}${section({ ...defaults, ...values })}`;
  if (known === undefined) return `${before.replace(/\n*$/, "\n\n")}${section({ ...defaults, ...values })}`;
  const absent = Object.entries(defaults).filter(
    ([key]) => !(isTable(known) && (key in known || hyphens(key) in known)),
  );
  const wanted = { ...Object.fromEntries(absent), ...values };
  const text = replace(before, wanted);
  const now = read(path, text)[TABLE];
  for (const [key, value] of Object.entries(wanted)) {
    if (isTable(now) && (now[key] ?? now[hyphens(key)]) === value) continue;
    throw new AdapterError(
      "config",
      `${path}: cannot set ${key} in [${TABLE}]; write \`${key} = ${stringOf(value)}\` there, or name another file with --toml-file`,
    );
  }
  return text;
}

const section = (values: TomlValues): string => `[${TABLE}]\n${lines(values).join("\n")}\n`;

const lines = (values: TomlValues): readonly string[] =>
  Object.entries(values).map(([key, value]) => `${key} = ${stringOf(value)}`);

const stringOf = (value: string | number): string =>
  stringify({ value })
    .trim()
    .replace(/^value = /, "");

const hyphens = (key: string): string => key.replaceAll("_", "-");

/** Changes the lines of our keys within our table, and adds those that are not there below its header. */
function replace(before: string, values: TomlValues): string {
  const rest = new Map(Object.entries(values));
  let inside = false;
  let header = -1;
  const text = before.split("\n").map((line, index) => {
    const [, table] = /^\s*\[\s*([^[\]]+?)\s*\]\s*(?:#.*)?$/.exec(line) ?? [];
    if (table !== undefined || /^\s*\[\[/.test(line)) inside = table === TABLE;
    if (table === TABLE) header = index;
    const [, written = ""] = /^\s*([A-Za-z0-9_-]+)\s*=/.exec(line) ?? [];
    const key = written.replaceAll("-", "_");
    const value = inside ? rest.get(key) : undefined;
    if (value === undefined) return line;
    rest.delete(key);
    return `${written} = ${stringOf(value)}`;
  });
  text.splice(header + 1, 0, ...lines(Object.fromEntries(rest)));
  return text.join("\n");
}

function read(path: string, text: string): Readonly<Record<string, unknown>> {
  try {
    return parse(text);
  } catch (reason) {
    const [why = ""] = (reason instanceof Error ? reason.message : String(reason)).split("\n");
    throw new AdapterError(
      "config",
      `${path}: expected TOML, got: ${why}; mend it, or name another file with --toml-file`,
      {
        cause: reason,
      },
    );
  }
}

const isTable = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value);
