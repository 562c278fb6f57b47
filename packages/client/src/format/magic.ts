import { ClientError } from "../client-error.ts";

// Seven letters and the version: another layout is another version, and both stay readable.
const VERSION = 1;

const magic = (letters: string): Uint8Array => Buffer.from(`${letters}${String.fromCharCode(VERSION)}`, "latin1");

/** Length of every magic here, in bytes. */
export const MAGIC_BYTES = 8;

/** First 8 bytes of a function object. */
export const FUNCTION_MAGIC: Uint8Array = magic("SAHNFUN");

/** First 8 bytes of a value object. */
export const VALUE_MAGIC: Uint8Array = magic("SAHNVAL");

/** First 8 bytes of a failure object. */
export const FAILURE_MAGIC: Uint8Array = magic("SAHNERR");

/** A view of the same bytes with Buffer's reading methods. */
export const viewOf = (bytes: Uint8Array): Buffer => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);

/** What a decoder throws: bytes that are not what was written. */
export const corrupt = (what: string, detail: string, cause?: unknown): ClientError =>
  new ClientError("corrupt", `${what}: ${detail}`, cause === undefined ? undefined : { cause });

/** Whether `view` starts with `expected`. @throws {ClientError} `incompatible` where only the version is a later one. */
export function startsWith(view: Buffer, expected: Uint8Array, what: string): boolean {
  if (view.subarray(0, MAGIC_BYTES).equals(expected)) return true;
  const version = view[MAGIC_BYTES - 1];
  const letters = view.subarray(0, MAGIC_BYTES - 1).equals(expected.subarray(0, MAGIC_BYTES - 1));
  if (letters && version !== undefined && version > VERSION && version < 0x20) {
    throw new ClientError(
      "incompatible",
      `${what} is of version ${version}, this program reads ${VERSION}: upgrade it, or the side that wrote it back`,
    );
  }
  return false;
}

/** @throws {ClientError} `corrupt`; `incompatible` where only the version is a later one */
export function assertMagic(view: Buffer, expected: Uint8Array, what: string): void {
  if (!startsWith(view, expected, what)) throw corrupt(what, "does not start with its magic");
}
