import { AdapterError } from "../contracts/adapter-error.ts";
import type { JobName } from "../contracts/backend.ts";
import {
  amount,
  corrupt,
  fields,
  flag,
  list,
  MAX_HEADER_BYTES,
  parseHeader,
  slice,
  whole,
  word,
} from "./header-fields.ts";
import { assertKey } from "./keys.ts";

const OBJECT_ID = /^[0-9a-f]{64}$/;
const TASK_ID = /^[0-9a-f]{32}$/;
const CLIENT = /^(?:[0-9a-f]{2}){1,512}$/;
const JOB = /^[A-Za-z0-9][A-Za-z0-9_-]{0,127}$/;
const STREAM = 1;
const PROFILING = 2;
/** `Worker|<name>|<32 hex>`, as the manager makes them. */
const WORKER = /^Worker\|[^|\p{Cc}]{1,64}\|[0-9a-f]{32}$/u;

/** What stands about an object wherever its bytes are. */
interface ObjectFacts {
  /** Object id, hex of 32 bytes. */
  readonly id: string;
  /** Size before compression, in bytes. */
  readonly raw: number;
  readonly gzip: boolean;
}

/** A function, argument or serializer of a section: its stored bytes inside the section, or under a key of their own. */
export type SectionObject =
  | (ObjectFacts & { readonly bytes: Uint8Array })
  | (ObjectFacts & { readonly key: string; readonly sha256: string; readonly stored: number });

/** A task of a section; objects are named by id. */
export interface SectionTask {
  /** Task id, hex of 16 bytes. */
  readonly id: string;
  readonly fn: string;
  readonly args: readonly string[];
  /** The client asked for the task's output. */
  readonly stream: boolean;
  /** The client asked for its profile. */
  readonly profiling: boolean;
  /** Worker id under which the manager held the task when the bundle was made. Not for runners: whoever takes the job over answers there. */
  readonly holder?: string;
}

/** What one child of a job runs. */
export interface Section {
  readonly job: JobName;
  /** Counts from 0. */
  readonly child: number;
  /** Identity of the client that owns the tasks, in hex. */
  readonly client: string;
  readonly taskLimitMs: number;
  /** How long a result may wait for others to share its frame, in milliseconds. */
  readonly flushMs: number;
  /** Bytes of waiting results at which a frame is written. */
  readonly flushBytes: number;
  /** Needs a process that has run nothing before. */
  readonly fresh: boolean;
  /** No task is started later than this after the first one, in milliseconds; the rest is handed back. @default no end */
  readonly packBudgetMs?: number;
  /** Id of the client's serializer among `objects`. */
  readonly serializer: string;
  readonly objects: readonly SectionObject[];
  readonly tasks: readonly SectionTask[];
}

/** What {@link encodeSection} takes: objects that are named twice are written once. */
export type SectionInput = Section;

/**
 * Writes a section as pieces that follow each other; the bytes of objects are not copied.
 * @throws {AdapterError} `internal` when a task names an object that is not there, `too-large` when the header passes its limit.
 */
export function encodeSection(section: SectionInput): Uint8Array[] {
  const places = new Map<string, number>();
  const blobs: unknown[] = [];
  const pieces: Uint8Array[] = [];
  let at = 0;
  for (const object of section.objects) {
    if (places.has(object.id)) continue;
    places.set(object.id, blobs.length);
    const { id, raw, gzip } = object;
    if ("bytes" in object) {
      blobs.push({ id, at, stored: object.bytes.length, raw, gzip });
      pieces.push(object.bytes);
      at += object.bytes.length;
    } else {
      blobs.push({ id, key: object.key, sha256: object.sha256, stored: object.stored, raw, gzip });
    }
  }
  const place = (id: string): number => {
    const found = places.get(id);
    if (found === undefined) throw new AdapterError("internal", `section of ${section.job}: object ${id} is missing`);
    return found;
  };
  const { job, child, client, taskLimitMs, flushMs, flushBytes, fresh, packBudgetMs } = section;
  const holders = [...new Set(section.tasks.flatMap(({ holder }) => holder ?? []))];
  const header = Buffer.from(
    JSON.stringify({
      v: 1,
      ...{ job, child, client, taskLimitMs, flushMs, flushBytes, fresh, blobs },
      ...(packBudgetMs !== undefined && { packBudgetMs }),
      serializer: place(section.serializer),
      ...(holders.length > 0 && {
        holders,
        heldBy: section.tasks.map(({ holder }) => (holder === undefined ? -1 : holders.indexOf(holder))),
      }),
      tasks: section.tasks.map((task) => [
        task.id,
        place(task.fn),
        task.args.map(place),
        (task.stream ? STREAM : 0) | (task.profiling ? PROFILING : 0),
      ]),
    }),
  );
  if (header.length > MAX_HEADER_BYTES) {
    throw new AdapterError(
      "too-large",
      `section of ${job}: header of ${header.length} bytes, limit ${MAX_HEADER_BYTES}`,
    );
  }
  const prelude = Buffer.alloc(8);
  prelude.writeUInt32LE(header.length, 0);
  return [prelude, header, ...pieces];
}

/**
 * Reads a section; the bytes of its objects are views of `bytes`. Whether they are what was written is for the tag to say, checked before
 * (`decodeBundle`): this only refuses what could not have been written.
 * @throws {AdapterError} `corrupt`, `incompatible`
 */
export function decodeSection(bytes: Uint8Array): Section {
  const where = "section";
  const view = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (view.length < 8) throw corrupt(where, "shorter than its first 8 bytes");
  const size = view.readUInt32LE(0);
  if (view.readUInt32LE(4) !== 0) throw corrupt(where, "reserved bytes are not 0");
  if (size > MAX_HEADER_BYTES || 8 + size > view.length) throw corrupt(where, "the header passes the end");
  const header = parseHeader(where, view.subarray(8, 8 + size));
  const area = bytes.subarray(8 + size);
  let end = 0;
  const objects = list(`${where} blobs`, header.blobs).map((value, index): SectionObject => {
    const object = decodeObject(`${where} blob ${index}`, value, area);
    if ("bytes" in object) end = Math.max(end, object.bytes.byteOffset - area.byteOffset + object.bytes.length);
    return object;
  });
  if (end !== area.length) throw corrupt(where, "bytes that belong to no blob");
  const idOf = (at: string, value: unknown): string => {
    const object = objects[whole(at, value, objects.length - 1)];
    if (!object) throw corrupt(at, "names no blob");
    return object.id;
  };
  const holders = decodeHolders(where, header);
  return {
    job: word(`${where} job`, header.job, JOB),
    child: whole(`${where} child`, header.child),
    client: word(`${where} client`, header.client, CLIENT),
    taskLimitMs: amount(`${where} taskLimitMs`, header.taskLimitMs),
    flushMs: amount(`${where} flushMs`, header.flushMs),
    flushBytes: whole(`${where} flushBytes`, header.flushBytes),
    fresh: flag(`${where} fresh`, header.fresh),
    ...(header.packBudgetMs !== undefined && { packBudgetMs: amount(`${where} packBudgetMs`, header.packBudgetMs) }),
    serializer: idOf(`${where} serializer`, header.serializer),
    objects,
    tasks: list(`${where} tasks`, header.tasks).map((value, index): SectionTask => {
      const at = `${where} task ${index}`;
      const [id, fn, args, flags] = list(at, value);
      const bits = whole(`${at} flags`, flags, STREAM | PROFILING);
      return {
        id: word(`${at} id`, id, TASK_ID),
        fn: idOf(`${at} function`, fn),
        args: list(`${at} arguments`, args).map((arg) => idOf(`${at} argument`, arg)),
        stream: (bits & STREAM) !== 0,
        profiling: (bits & PROFILING) !== 0,
        ...holders(index),
      };
    }),
  };
}

/** Who held the task with an index, where the section says so. */
function decodeHolders(
  where: string,
  header: Readonly<Record<string, unknown>>,
): (index: number) => { readonly holder?: string } {
  if (header.holders === undefined) return () => ({});
  const ids = list(`${where} holders`, header.holders).map((id) => word(`${where} holder`, id, WORKER));
  const heldBy = list(`${where} heldBy`, header.heldBy);
  return (index) => {
    const at = heldBy[index];
    if (at === -1) return {};
    const holder = ids[whole(`${where} heldBy`, at, ids.length - 1)];
    return holder === undefined ? {} : { holder };
  };
}

function decodeObject(where: string, value: unknown, area: Uint8Array): SectionObject {
  const blob = fields(where, value);
  const facts = {
    id: word(`${where} id`, blob.id, OBJECT_ID),
    raw: whole(`${where} raw`, blob.raw),
    gzip: flag(`${where} gzip`, blob.gzip),
  };
  const stored = whole(`${where} stored`, blob.stored);
  if (!facts.gzip && stored !== facts.raw) throw corrupt(where, "stored and raw size differ without gzip");
  if (blob.key === undefined) return { ...facts, bytes: slice(where, area, blob.at, stored) };
  const key = word(`${where} key`, blob.key, /^v1\/in\//);
  try {
    assertKey(key);
  } catch (reason) {
    throw corrupt(where, "its key is not a key", reason);
  }
  return { ...facts, key, sha256: word(`${where} sha256`, blob.sha256, OBJECT_ID), stored };
}
