import type { AbortOptions } from "../contracts/abort-options.ts";
import { AdapterError } from "../contracts/adapter-error.ts";
import type { JobSpec } from "../contracts/backend.ts";
import type { PayloadStore } from "../contracts/payload-store.ts";
import type { DeathCause } from "../formats/frame.ts";
import { decompress } from "../formats/gzip.ts";
import type { Section, SectionObject } from "../formats/section.ts";

const MAX_OBJECT_BYTES = 2 ** 31 - 1;

/** A task as a `MemoryBackend` hands it to its function: every object read, verified and uncompressed. */
export interface MemoryTask {
  readonly job: string;
  readonly child: number;
  /** Index in its section. */
  readonly index: number;
  /** Hex of 16 bytes. */
  readonly id: string;
  readonly attempt: number;
  /** Identity of its client, in hex. */
  readonly client: string;
  readonly serializer: Uint8Array;
  readonly fn: Uint8Array;
  readonly args: readonly Uint8Array[];
  /** Aborts when the task is revoked, its child cancelled, its limit over, or the backend disposed of. */
  readonly signal: AbortSignal;
}

/** How a task ended: a result, the pickle of an exception, or its process ended under it. */
export type MemoryOutcome =
  | { readonly status: "ok" | "error"; readonly blob: Uint8Array; readonly out?: Uint8Array; readonly err?: Uint8Array }
  | { readonly status: "died"; readonly cause: DeathCause };

/** Reads a job's bundle as a runner does. @throws {AdapterError} `missing` when it is not in the store */
export async function bundleOf(store: PayloadStore, job: JobSpec, options?: AbortOptions): Promise<Uint8Array> {
  if (job.payload.kind === "inline") return job.payload.bundle;
  const found = await store.get(job.payload.key, { ...options, maxBytes: MAX_OBJECT_BYTES });
  if (!found) throw new AdapterError("missing", `bundle ${job.payload.key} is not in the store`);
  return found.body;
}

/** Reads the objects of a section, each when it is first asked for. */
export function objectReader(
  store: PayloadStore,
  section: Section,
  sha256: (bytes: Uint8Array) => string,
): (id: string, options?: AbortOptions) => Promise<Uint8Array> {
  const objects = new Map(section.objects.map((object) => [object.id, object]));
  const read = new Map<string, Promise<Uint8Array>>();
  return async (id, options) => {
    const object = objects.get(id);
    if (!object) throw new AdapterError("corrupt", `object ${id} is not in its section`);
    const known = read.get(id) ?? plainBytes(store, object, sha256, options);
    read.set(id, known);
    return await known;
  };
}

async function plainBytes(
  store: PayloadStore,
  object: SectionObject,
  sha256: (bytes: Uint8Array) => string,
  options?: AbortOptions,
): Promise<Uint8Array> {
  const bytes = "bytes" in object ? object.bytes : await sharedBytes(store, object.key, object.sha256, sha256, options);
  return object.gzip ? await decompress(bytes, object.raw, MAX_OBJECT_BYTES, options) : bytes;
}

async function sharedBytes(
  store: PayloadStore,
  key: string,
  expected: string,
  sha256: (bytes: Uint8Array) => string,
  options?: AbortOptions,
): Promise<Uint8Array> {
  const found = await store.get(key, { ...options, maxBytes: MAX_OBJECT_BYTES });
  if (!found) throw new AdapterError("missing", `object ${key} is not in the store`);
  if (sha256(found.body) !== expected) throw new AdapterError("corrupt", `object ${key} is not what was stored`);
  return found.body;
}
