import { AdapterError } from "../contracts/adapter-error.ts";

/** A parsed header, or a part of one, whose fields are still to be checked. */
export type Fields = Readonly<Record<string, unknown>>;

/** Largest header of a section or frame, in bytes. Some 50,000 tasks fit. */
export const MAX_HEADER_BYTES = 32 * 1024 * 1024;

const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** What a decoder throws: bytes that are not what was written. */
export function corrupt(where: string, detail: string, cause?: unknown): AdapterError {
  return new AdapterError("corrupt", `${where}: ${detail}`, cause === undefined ? undefined : { cause });
}

/** Parses a header: UTF-8 JSON of an object of version 1. @throws {AdapterError} `corrupt`; `incompatible` for another version. */
export function parseHeader(where: string, bytes: Uint8Array): Fields {
  let value: unknown;
  try {
    value = JSON.parse(utf8.decode(bytes));
  } catch (reason) {
    throw corrupt(where, "the header is not JSON", reason);
  }
  const header = fields(where, value);
  if (Number.isInteger(header.v) && header.v !== 1) {
    throw new AdapterError(
      "incompatible",
      `${where}: version ${header.v}, this program reads 1; upgrade the older side`,
    );
  }
  if (header.v !== 1) throw corrupt(where, "v must be 1");
  return header;
}

/** @throws {AdapterError} `corrupt` */
export function fields(where: string, value: unknown): Fields {
  if (typeof value !== "object" || value === null || Array.isArray(value)) throw corrupt(where, "must be an object");
  return value as Fields;
}

/** @throws {AdapterError} `corrupt` */
export function list(where: string, value: unknown): readonly unknown[] {
  if (!Array.isArray(value)) throw corrupt(where, "must be a list");
  return value;
}

/** A whole number from `least` to `most`. @throws {AdapterError} `corrupt` */
export function whole(where: string, value: unknown, most: number = Number.MAX_SAFE_INTEGER, least = 0): number {
  if (typeof value === "number" && Number.isSafeInteger(value) && value >= least && value <= most) return value;
  throw corrupt(where, `must be a whole number from ${least} to ${most}`);
}

/** A finite number that is not negative. @throws {AdapterError} `corrupt` */
export function amount(where: string, value: unknown): number {
  if (typeof value === "number" && Number.isFinite(value) && value >= 0) return value;
  throw corrupt(where, "must be a number of at least 0");
}

/** @throws {AdapterError} `corrupt` */
export function flag(where: string, value: unknown): boolean {
  if (typeof value === "boolean") return value;
  throw corrupt(where, "must be true or false");
}

/** A string that matches `pattern`. @throws {AdapterError} `corrupt` */
export function word(where: string, value: unknown, pattern: RegExp): string {
  if (typeof value === "string" && pattern.test(value)) return value;
  throw corrupt(where, `must match ${pattern.source}`);
}

/** A string of at most `most` characters. @throws {AdapterError} `corrupt` */
export function text(where: string, value: unknown, most: number): string {
  if (typeof value === "string" && value.length <= most) return value;
  throw corrupt(where, `must be text of at most ${most} characters`);
}

/** A part of `area`, by offset and length, both checked. @throws {AdapterError} `corrupt` */
export function slice(where: string, area: Uint8Array, at: unknown, length: unknown): Uint8Array {
  const start = whole(`${where} offset`, at, area.length);
  return area.subarray(start, start + whole(`${where} length`, length, area.length - start));
}
