import { AdapterError } from "@scaler-aws-hpc/adapter-core";
import { parse, stringify } from "smol-toml";
import { findPlace, TABLE, type TomlPlace } from "./toml-place.ts";

const HEADER = `# Written by \`scaler-aws-hpc provision apply\`, which changes only the keys that it knows: what is added here stays.
# Start a manager with: scaler-aws-hpc start --config FILE tcp://SCHEDULER:8516
`;

/** What is written: keys as in a file, with underscores. */
export type TomlValues = Readonly<Record<string, string | number>>;

/** What a file should say, beside everything else that stands in it. */
export interface TomlOrder {
  readonly values: TomlValues;
  /** Written only where the key is not there yet. */
  readonly defaults?: TomlValues;
  /** Keys that are removed. */
  readonly dropped?: readonly string[];
}

/** The table of a file that `start` reads, keys with underscores; `undefined` when there is none. @throws {AdapterError} `config` */
export function readToml(path: string, text: string | undefined): Readonly<Record<string, unknown>> | undefined {
  const place = text === undefined ? undefined : findPlace(path, read(path, text));
  return place && Object.fromEntries(Object.entries(place.table).map(([key, value]) => [underscores(key), value]));
}

/**
 * The text of a file for `start --config` with these values in it, in the table that `start` reads. Everything else that stands in the file before (other keys,
 * comments, other tables) stays as it is.
 *
 * @throws {AdapterError} `config` for a file that is no TOML, or has the values where a line cannot be changed
 */
export function mergeToml(path: string, before: string | undefined, order: TomlOrder): string {
  const { values, defaults = {}, dropped = [] } = order;
  if (before === undefined || before.trim() === "") return `${HEADER}${section({ ...defaults, ...values })}`;
  const place = findPlace(path, read(path, before));
  if (place === undefined) return `${before.replace(/\n*$/, "\n\n")}${section({ ...defaults, ...values })}`;
  const known = readToml(path, before) ?? {};
  const absent = Object.entries(defaults).filter(([key]) => !(key in known));
  const wanted = { ...Object.fromEntries(absent), ...values };
  const text = replace(before, place, wanted, dropped);
  const now = readToml(path, text) ?? {};
  for (const [key, value] of Object.entries(wanted)) {
    if (now[key] === value) continue;
    throw cannot(path, `set ${key} in ${place.header}; write \`${key} = ${stringOf(value)}\` there`);
  }
  for (const key of dropped) if (key in now) throw cannot(path, `remove ${key} from ${place.header}; do it`);
  return text;
}

const cannot = (path: string, what: string): AdapterError =>
  new AdapterError("config", `${path}: cannot ${what}, or name another file with --toml-file`);

const section = (values: TomlValues): string => `[${TABLE}]\n${lines(values).join("\n")}\n`;

const lines = (values: TomlValues): readonly string[] =>
  Object.entries(values).map(([key, value]) => `${key} = ${stringOf(value)}`);

const stringOf = (value: string | number): string =>
  stringify({ value })
    .trim()
    .replace(/^value = /, "");

const underscores = (key: string): string => key.replaceAll("-", "_");

/** Changes the lines of our keys within our table, and adds those that are not there below its header. */
function replace(before: string, { header, index }: TomlPlace, values: TomlValues, dropped: readonly string[]): string {
  const rest = new Map(Object.entries(values));
  let seen = -1;
  let inside = false;
  const text: string[] = [];
  let place = 0;
  for (const line of before.split("\n")) {
    const [, table] = /^\s*(\[\[?[^[\]]+\]\]?)\s*(?:#.*)?$/.exec(line) ?? [];
    if (table !== undefined) {
      const ours = table.replaceAll(/[\s"']/g, "") === header;
      if (ours) seen += 1;
      inside = ours && seen === index;
      if (inside) place = text.length + 1;
    }
    const [, written = ""] = /^\s*["']?([A-Za-z0-9_-]+)["']?\s*=/.exec(line) ?? [];
    const key = underscores(written);
    if (inside && dropped.includes(key)) continue;
    const value = inside ? rest.get(key) : undefined;
    text.push(value === undefined ? line : `${written} = ${stringOf(value)}`);
    if (value !== undefined) rest.delete(key);
  }
  text.splice(place, 0, ...lines(Object.fromEntries(rest)));
  return text.join("\n");
}

function read(path: string, text: string): Readonly<Record<string, unknown>> {
  try {
    return parse(text);
  } catch (reason) {
    const [why = ""] = (reason instanceof Error ? reason.message : String(reason)).split("\n");
    const said = `${path}: expected TOML, got: ${why}; mend it, or name another file with --toml-file`;
    throw new AdapterError("config", said, { cause: reason });
  }
}
