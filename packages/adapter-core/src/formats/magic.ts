import { AdapterError } from "../contracts/adapter-error.ts";
import { corrupt } from "./header-fields.ts";

// Seven letters and the version: another layout is another version, and both stay readable.
const VERSION = 1;

/** First 8 bytes of a bundle. */
export const BUNDLE_MAGIC: Uint8Array = Buffer.from(`SAHBNDL${String.fromCharCode(VERSION)}`, "latin1");

/** First 8 bytes of a result frame. */
export const FRAME_MAGIC: Uint8Array = Buffer.from(`SAHFRAM${String.fromCharCode(VERSION)}`, "latin1");

/** @throws {AdapterError} `corrupt`, or `incompatible` where only the version differs. */
export function assertMagic(where: string, view: Buffer, magic: Uint8Array): void {
  if (view.subarray(0, 8).equals(magic)) return;
  const version = view[7];
  if (
    version !== undefined &&
    version > VERSION &&
    version < 0x20 &&
    view.subarray(0, 7).equals(magic.subarray(0, 7))
  ) {
    throw new AdapterError("incompatible", `${where}: version ${version}, this program reads ${VERSION}; upgrade it`);
  }
  throw corrupt(where, "does not start with its magic");
}
