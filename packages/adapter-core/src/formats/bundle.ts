import type { AbortOptions } from "../contracts/abort-options.ts";
import { AdapterError } from "../contracts/adapter-error.ts";
import type { JobName } from "../contracts/backend.ts";
import { decodeBundleIndex, INDEX_ENTRY_BYTES, MAX_CHILDREN, openSection, PREAMBLE_BYTES } from "./bundle-index.ts";
import { BUNDLE_MAGIC } from "./magic.ts";
import type { Section } from "./section.ts";
import { tagSection } from "./tag.ts";

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
  const sections: Section[] = [];
  for (const entry of decodeBundleIndex(bytes, job, bytes.length)) {
    const section = bytes.subarray(entry.offset, entry.offset + entry.length);
    sections.push(await openSection(section, entry, job, secret, options));
  }
  return sections;
}
