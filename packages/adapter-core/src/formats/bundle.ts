import type { AbortOptions } from "../contracts/abort-options.ts";
import { AdapterError } from "../contracts/adapter-error.ts";
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

/** A bundle's job, key and sections (each as `encodeSection` wrote it), child 0 first. */
export interface BundleInput {
  readonly job: JobName;
  /** Hex of 32 bytes. */
  readonly secret: string;
  readonly sections: readonly (readonly Uint8Array[])[];
}

/**
 * Writes a bundle as pieces that follow each other; nothing but preamble and index is allocated. Signs without holding the event loop.
 * @throws {AdapterError} `too-large` above {@link MAX_CHILDREN} sections, `internal`
 */
export async function encodeBundle(input: BundleInput, options?: AbortOptions): Promise<Uint8Array[]> {
  options?.signal?.throwIfAborted();
  const { job, secret, sections } = input;
  if (sections.length < 1 || sections.length > MAX_CHILDREN) {
    throw new AdapterError("too-large", `bundle ${job}: ${sections.length} sections, expected 1 to ${MAX_CHILDREN}`);
  }
  const head = Buffer.alloc(PREAMBLE_BYTES + INDEX_ENTRY_BYTES * sections.length);
  head.set(BUNDLE_MAGIC, 0);
  head.writeUInt32LE(sections.length, 8);
  let offset = head.length;
  for (const [child, pieces] of sections.entries()) {
    const entry = PREAMBLE_BYTES + INDEX_ENTRY_BYTES * child;
    const length = pieces.reduce((sum, piece) => sum + piece.length, 0);
    head.writeBigUInt64LE(BigInt(offset), entry);
    head.writeBigUInt64LE(BigInt(length), entry + 8);
    head.set(await tagSection(secret, job, child, pieces, options), entry + 16);
    offset += length;
  }
  return [head, ...sections.flat()];
}

/**
 * Reads a whole bundle and verifies every section: for tests, in-process runners and recovery.
 * @throws {AdapterError} `corrupt` unless these are exactly the bytes that were written for this job, `incompatible`
 */
export async function decodeBundle(
  bytes: Uint8Array,
  job: JobName,
  secret: string,
  options?: AbortOptions,
): Promise<readonly Section[]> {
  const where = `bundle ${job}`;
  const view = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (view.length < PREAMBLE_BYTES) throw corrupt(where, "shorter than its preamble");
  assertMagic(where, view, BUNDLE_MAGIC);
  const count = view.readUInt32LE(8);
  if (count < 1 || count > MAX_CHILDREN) throw corrupt(where, `${count} sections, expected 1 to ${MAX_CHILDREN}`);
  if (view.readUInt32LE(12) !== 0) throw corrupt(where, "reserved bytes are not 0");
  let offset = PREAMBLE_BYTES + INDEX_ENTRY_BYTES * count;
  if (view.length < offset) throw corrupt(where, "shorter than its index");
  const sections: Section[] = [];
  for (let child = 0; child < count; child += 1) {
    const entry = PREAMBLE_BYTES + INDEX_ENTRY_BYTES * child;
    const length = view.readBigUInt64LE(entry + 8);
    if (view.readBigUInt64LE(entry) !== BigInt(offset) || length > BigInt(view.length - offset)) {
      throw corrupt(where, `section ${child} is not where it should be`);
    }
    const section = view.subarray(offset, offset + Number(length));
    const expected = await tagSection(secret, job, child, [section], options);
    if (!sameTag(view.subarray(entry + 16, entry + 16 + TAG_BYTES), expected)) {
      throw corrupt(where, `section ${child} has another signature`);
    }
    const decoded = decodeSection(section);
    if (decoded.job !== job || decoded.child !== child) throw corrupt(where, `section ${child} belongs elsewhere`);
    sections.push(decoded);
    offset += section.length;
  }
  if (offset !== view.length) throw corrupt(where, "bytes after its last section");
  return sections;
}
