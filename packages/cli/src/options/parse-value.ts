import { didYouMean } from "@scaler-aws-hpc/adapter-core";
import { parseAddress } from "@scaler-aws-hpc/scaler-protocol";
import type { Option, OptionValue } from "./option.ts";

/**
 * Reads the value of an option, from text (a flag, a variable) or from a TOML value.
 *
 * @throws {Error} whose message says what was expected and what came; the caller adds where it came from.
 */
export function parseValue(option: Option, raw: unknown): OptionValue {
  switch (option.type) {
    case "string":
      return text(raw);
    case "strings":
      return Array.isArray(raw) ? raw.map(text) : [text(raw)];
    case "choice":
      return choice(option.choices ?? [], text(raw));
    case "boolean":
      return boolean(raw);
    case "address":
      return address(text(raw));
    case "capabilities":
      return capabilities(raw);
    case "integer":
      return bounded(option, raw, scalar(raw, INTEGER, "a whole number"));
    case "number":
      return bounded(option, raw, scalar(raw, NUMBER, "a number"));
    case "seconds":
      return bounded(option, raw, measured(raw, SECONDS, "a number of seconds, or one with ms, s, m or h"));
    case "bytes":
      return bounded(
        option,
        raw,
        Math.floor(measured(raw, BYTES, "a number of bytes, or one with KB, MB, GB, KiB, MiB or GiB")),
      );
  }
}

const INTEGER = /^[+-]?[0-9]{1,15}$/;
const NUMBER = /^[+-]?[0-9]{1,15}(\.[0-9]{1,9})?$/;
const SECONDS: Readonly<Record<string, number>> = { "": 1, ms: 0.001, s: 1, m: 60, h: 3_600 };
const BYTES: Readonly<Record<string, number>> = {
  "": 1,
  b: 1,
  kb: 1e3,
  mb: 1e6,
  gb: 1e9,
  kib: 2 ** 10,
  mib: 2 ** 20,
  gib: 2 ** 30,
};
const TRUE: ReadonlySet<string> = new Set(["true", "yes", "on", "1"]);
const FALSE: ReadonlySet<string> = new Set(["false", "no", "off", "0"]);

const expected = (what: string, got: unknown): Error =>
  new Error(`expected ${what}, got ${(JSON.stringify(got) ?? String(got)).slice(0, 200)}`);

function text(raw: unknown): string {
  if (typeof raw === "number" && Number.isFinite(raw)) return String(raw);
  if (typeof raw !== "string" || raw.trim() === "") throw expected("a text that is not empty", raw);
  if (raw.includes("\0")) throw expected("a text without NUL", raw);
  return raw;
}

function choice(choices: readonly string[], raw: string): string {
  const wanted = raw.toLowerCase();
  if (choices.includes(wanted)) return wanted;
  const close = didYouMean(raw, choices);
  throw expected(`one of ${choices.join(", ")}${close === undefined ? "" : ` (did you mean ${close}?)`}`, raw);
}

function boolean(raw: unknown): boolean {
  const word = String(raw).toLowerCase();
  if (TRUE.has(word)) return true;
  if (FALSE.has(word)) return false;
  throw expected("true or false", raw);
}

function address(raw: string): string {
  parseAddress(raw);
  return raw;
}

function scalar(raw: unknown, pattern: RegExp, what: string): number {
  const written = typeof raw === "string" || typeof raw === "number" ? String(raw).trim() : "";
  if (!pattern.test(written)) throw expected(what, raw);
  return Number(written);
}

function measured(raw: unknown, units: Readonly<Record<string, number>>, what: string): number {
  const written = typeof raw === "string" || typeof raw === "number" ? String(raw).trim() : "";
  const parts = /^([0-9]{1,15}(?:\.[0-9]{1,9})?)\s*([A-Za-z]*)$/.exec(written);
  const factor = units[parts?.[2]?.toLowerCase() ?? "?"];
  if (parts?.[1] === undefined || factor === undefined) throw expected(what, raw);
  return Number(parts[1]) * factor;
}

function bounded(option: Option, raw: unknown, value: number): number {
  const { min = Number.NEGATIVE_INFINITY, max = Number.MAX_SAFE_INTEGER } = option;
  if (value >= min && value <= max) return value;
  throw expected(option.max === undefined ? `at least ${min}` : `${min} to ${max}`, raw);
}

const CAPABILITY = /^[^\s=,]{1,64}$/;

/** `linux,cpu=4` as the original reads it, or a TOML table of numbers. A bare name is -1. */
function capabilities(raw: unknown): Readonly<Record<string, number>> {
  const pairs: readonly (readonly [string, unknown])[] =
    typeof raw === "object" && raw !== null && !Array.isArray(raw)
      ? Object.entries(raw)
      : (Array.isArray(raw) ? raw.map(text) : String(raw).split(","))
          .map((part) => part.trim())
          .filter((part) => part !== "")
          .map((part) => {
            const equals = part.indexOf("=");
            return equals < 0
              ? ([part, -1] as const)
              : ([part.slice(0, equals).trim(), part.slice(equals + 1)] as const);
          });
  const result: Record<string, number> = Object.create(null) as Record<string, number>;
  for (const [name, value] of pairs) {
    if (!CAPABILITY.test(name)) throw expected("capabilities as linux,cpu=4", raw);
    result[name] = scalar(value, INTEGER, `a whole number for the capability ${name}`);
  }
  return { ...result };
}
