import type { AbortOptions } from "../contracts/abort-options.ts";
import type { JobName } from "../contracts/backend.ts";
import { corrupt } from "./header-fields.ts";
import { assertMagic, BUNDLE_MAGIC } from "./magic.ts";
import { decodeSection, type Section } from "./section.ts";
import { sameTag, TAG_BYTES, tagSection } from "./tag.ts";

/** Length of what stands before the index, in bytes. */
export const PREAMBLE_BYTES = 16;

/** Length of a child's index entry, in bytes. */
export const INDEX_ENTRY_BYTES = 48;

/** Most children of one bundle: what the largest known backend takes in one job. */
export const MAX_CHILDREN = 10_000;

/** Where a child's section stands in its bundle, and its signature. */
export interface BundleEntry {
  readonly child: number;
  readonly offset: number;
  readonly length: number;
  readonly tag: Uint8Array;
}

/** How many children a bundle has, from its first {@link PREAMBLE_BYTES}. @throws {AdapterError} `corrupt`, `incompatible` */
export function bundleChildren(bytes: Uint8Array, job: JobName): number {
  const where = `bundle ${job}`;
  const view = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (view.length < PREAMBLE_BYTES) throw corrupt(where, "shorter than its preamble");
  assertMagic(where, view, BUNDLE_MAGIC);
  const count = view.readUInt32LE(8);
  if (count < 1 || count > MAX_CHILDREN) throw corrupt(where, `${count} sections, expected 1 to ${MAX_CHILDREN}`);
  if (view.readUInt32LE(12) !== 0) throw corrupt(where, "reserved bytes are not 0");
  return count;
}

/**
 * Reads preamble and index, which together are `PREAMBLE_BYTES + INDEX_ENTRY_BYTES * children` long.
 * @param size of the whole bundle, which its sections fill to the last byte.
 * @throws {AdapterError} `corrupt`, `incompatible`
 */
export function decodeBundleIndex(head: Uint8Array, job: JobName, size: number): readonly BundleEntry[] {
  const where = `bundle ${job}`;
  const count = bundleChildren(head, job);
  const view = Buffer.from(head.buffer, head.byteOffset, head.byteLength);
  let offset = PREAMBLE_BYTES + INDEX_ENTRY_BYTES * count;
  if (view.length < offset) throw corrupt(where, "shorter than its index");
  const entries: BundleEntry[] = [];
  for (let child = 0; child < count; child += 1) {
    const entry = PREAMBLE_BYTES + INDEX_ENTRY_BYTES * child;
    const length = view.readBigUInt64LE(entry + 8);
    if (view.readBigUInt64LE(entry) !== BigInt(offset) || length > BigInt(size - offset)) {
      throw corrupt(where, `section ${child} is not where it should be`);
    }
    entries.push({ child, offset, length: Number(length), tag: view.subarray(entry + 16, entry + 16 + TAG_BYTES) });
    offset += Number(length);
  }
  if (offset !== size) throw corrupt(where, "bytes after its last section");
  return entries;
}

/** Verifies and reads one section. @throws {AdapterError} `corrupt`, `incompatible` */
export async function openSection(
  bytes: Uint8Array,
  entry: BundleEntry,
  job: JobName,
  secret: string,
  options?: AbortOptions,
): Promise<Section> {
  const where = `bundle ${job}`;
  const expected = await tagSection(secret, job, entry.child, [bytes], options);
  if (!sameTag(entry.tag, expected)) throw corrupt(where, `section ${entry.child} has another signature`);
  const decoded = decodeSection(bytes);
  if (decoded.job !== job || decoded.child !== entry.child)
    throw corrupt(where, `section ${entry.child} belongs elsewhere`);
  return decoded;
}
