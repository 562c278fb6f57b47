import type { AbortOptions } from "../../contracts/abort-options.ts";
import type { FoundJob } from "../../contracts/backend.ts";
import type { PayloadStore } from "../../contracts/payload-store.ts";
import { decodeBundle } from "../../formats/bundle.ts";
import {
  type BundleEntry,
  bundleChildren,
  decodeBundleIndex,
  INDEX_ENTRY_BYTES,
  openSection,
  PREAMBLE_BYTES,
} from "../../formats/bundle-index.ts";
import { corrupt } from "../../formats/header-fields.ts";
import type { Section } from "../../formats/section.ts";

/** A bundle up to this size is read with one request. */
const WHOLE_BYTES = 8 * 1024 * 1024;

/**
 * Reads and verifies the sections of a job that an earlier process submitted, child 0 first, without holding more than some MiB or one section.
 * Gives nothing when the bundle is not in the store any more.
 *
 * @param size of the bundle, as a listing of the store said; `undefined` when it named none.
 * @throws {AdapterError} `corrupt`, `incompatible`, and as the store
 */
export async function* readSections(
  store: PayloadStore,
  { name, payload, secret }: FoundJob,
  size: number | undefined,
  options?: AbortOptions,
): AsyncGenerator<Section, void, undefined> {
  if (payload.kind === "inline") return yield* await decodeBundle(payload.bundle, name, secret, options);
  if (size === undefined) return;
  if (size <= WHOLE_BYTES) {
    const whole = await store.get(payload.key, options);
    if (whole !== undefined) yield* await decodeBundle(whole.body, name, secret, options);
    return;
  }
  const head = await range(store, payload.key, 0, PREAMBLE_BYTES, options);
  const headBytes = PREAMBLE_BYTES + INDEX_ENTRY_BYTES * bundleChildren(head, name);
  const entries = decodeBundleIndex(await range(store, payload.key, 0, headBytes, options), name, size);
  for (const group of inGroups(entries)) {
    const start = group[0]?.offset ?? 0;
    const end = group.reduce((most, { offset, length }) => Math.max(most, offset + length), start);
    const bytes = await range(store, payload.key, start, end, options);
    for (const entry of group) {
      const section = bytes.subarray(entry.offset - start, entry.offset - start + entry.length);
      yield await openSection(section, entry, name, secret, options);
    }
  }
}

async function range(
  store: PayloadStore,
  key: string,
  start: number,
  end: number,
  options?: AbortOptions,
): Promise<Uint8Array> {
  const found = await store.get(key, { ...options, range: { start, end }, maxBytes: end - start });
  if (found === undefined || found.body.length !== end - start) throw corrupt(`bundle ${key}`, "shorter than it was");
  return found.body;
}

/** Neighbours that are read together. */
function* inGroups(entries: readonly BundleEntry[]): Generator<readonly BundleEntry[]> {
  let group: BundleEntry[] = [];
  let bytes = 0;
  for (const entry of entries) {
    if (group.length > 0 && bytes + entry.length > WHOLE_BYTES) {
      yield group;
      group = [];
      bytes = 0;
    }
    group.push(entry);
    bytes += entry.length;
  }
  if (group.length > 0) yield group;
}
