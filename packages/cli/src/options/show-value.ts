import type { OptionValue } from "./option.ts";
import type { Origin, ResolvedOption } from "./resolve-options.ts";

const MASK = "***";
const SECRET_NAME = /(^|-)(secret|token|password|passphrase|credentials?|api-key)(-|$)/;

/** A value as it may be shown: what looks like a secret, by its name or within an address, is masked. */
export function shownValue({ option, value }: ResolvedOption): OptionValue {
  if (SECRET_NAME.test(option.name)) return MASK;
  return typeof value === "string" ? maskAddress(value) : value;
}

/** A profile's settings for the backend, masked likewise. */
export const shownSettings = (settings: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> =>
  Object.fromEntries(Object.entries(settings).map(([name, value]) => [name, SECRET_NAME.test(name) ? MASK : value]));

/** Hides what follows `?` and a `user:password@` in something that looks like an address. */
export const maskAddress = (text: string): string =>
  text
    .replace(/^([a-z][a-z0-9+.-]*:\/\/)[^/@\s]+@/i, "$1***@")
    .replace(/^([a-z][a-z0-9+.-]*:\/\/[^?\s]*\?).+$/i, "$1***");

/** Where a value came from, in words. */
export function shownOrigin(origin: Origin): string {
  switch (origin.kind) {
    case "flag":
      return "command line";
    case "environment":
      return origin.variable;
    case "file":
      return `${origin.path} ${origin.table}`;
    case "default":
      return "default";
  }
}

/** A value on one line. */
export function formatValue(value: OptionValue): string {
  if (typeof value !== "object") return String(value);
  if (Array.isArray(value)) return value.join(" ");
  return Object.entries(value)
    .map(([name, number]) => (number === -1 ? name : `${name}=${number}`))
    .join(",");
}
