import type { AbortOptions } from "../contracts/abort-options.ts";
import { AdapterError } from "../contracts/adapter-error.ts";
import {
  type DeathCause,
  type FinishedResult,
  FRAME_PREAMBLE_BYTES,
  type FrameBody,
  type FrameResult,
  MAX_TAIL_BYTES,
} from "./frame.ts";
import { decompress } from "./gzip.ts";
import {
  amount,
  corrupt,
  type Fields,
  fields,
  flag,
  list,
  MAX_HEADER_BYTES,
  parseHeader,
  slice,
  text,
  whole,
  word,
} from "./header-fields.ts";
import { type FrameKey, parseFrameKey } from "./keys.ts";
import { assertMagic, FRAME_MAGIC } from "./magic.ts";
import { sameTag, tagFrame } from "./tag.ts";

const TASK_ID = /^[0-9a-f]{32}$/;
const CAUSES = /^(?:exit|signal|oom|timeout|revoked)$/;

/** A verified result frame; its byte arrays are views of the bytes that were decoded. */
export interface Frame extends FrameKey, FrameBody {
  readonly key: string;
}

/**
 * Verifies and reads a result frame. Signing big frames is done in slices, so other work runs in between.
 *
 * @param key the store key that the frame was found under: a frame is valid only there.
 * @throws {AdapterError} `corrupt` unless these are exactly the bytes that a runner with this secret wrote for this key, `incompatible`
 */
export async function decodeFrame(
  key: string,
  bytes: Uint8Array,
  secret: string,
  options?: AbortOptions,
): Promise<Frame> {
  options?.signal?.throwIfAborted();
  const where = `frame ${key.slice(0, 160)}`;
  const name = parseFrameKey(key);
  if (!name) throw corrupt(where, "its key is not one of a frame");
  const view = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (view.length < FRAME_PREAMBLE_BYTES) throw corrupt(where, "shorter than its preamble");
  assertMagic(where, view, FRAME_MAGIC);
  const size = view.readUInt32LE(8);
  if (view.readUInt32LE(12) !== 0) throw corrupt(where, "reserved bytes are not 0");
  if (size > MAX_HEADER_BYTES || FRAME_PREAMBLE_BYTES + size > view.length)
    throw corrupt(where, "the header passes the end");
  const expected = await tagFrame(secret, key, [view.subarray(FRAME_PREAMBLE_BYTES)], options);
  if (!sameTag(view.subarray(16, FRAME_PREAMBLE_BYTES), expected)) throw corrupt(where, "another signature");
  const header = parseHeader(where, view.subarray(FRAME_PREAMBLE_BYTES, FRAME_PREAMBLE_BYTES + size));
  for (const part of ["job", "child", "attempt", "n"] as const) {
    if (header[part] !== name[part]) throw corrupt(where, `${part} differs from its key`);
  }
  const area = bytes.subarray(FRAME_PREAMBLE_BYTES + size);
  const results = list(`${where} results`, header.results).map((value, index) =>
    decodeResult(`${where} result ${index}`, value, area),
  );
  // The tag covers header and blobs as one text, not where the one ends: blobs that fill their area to the last byte settle that.
  if (endOf(results, area) !== area.length) throw corrupt(where, "bytes that belong to no result");
  const notStarted = list(`${where} notStarted`, header.notStarted ?? []).map((task) =>
    whole(`${where} notStarted`, task),
  );
  const last = flag(`${where} last`, header.last);
  if (notStarted.length > 0 && !last) throw corrupt(where, "hands tasks back before its last frame");
  const named = new Set([...results.map((result) => result.task), ...notStarted]);
  if (named.size !== results.length + notStarted.length) throw corrupt(where, "names a task twice");
  return { key, ...name, runner: text(`${where} runner`, header.runner, 256), results, notStarted, last };
}

/**
 * A finished task's blob, uncompressed; never longer than the frame says.
 * @throws {AdapterError} `corrupt` when it is not of the size that the frame says, `too-large` above `maxBytes`. @default 2 GiB - 1
 */
export async function frameBlob(
  frame: Pick<Frame, "key">,
  result: FinishedResult,
  options?: AbortOptions & { readonly maxBytes?: number },
): Promise<Uint8Array> {
  const limit = options?.maxBytes ?? 2 ** 31 - 1;
  if (result.raw > limit) {
    throw new AdapterError(
      "too-large",
      `frame ${frame.key}: task ${result.id} gave ${result.raw} bytes, limit ${limit}`,
    );
  }
  return result.gzip ? await decompress(result.blob, result.raw, limit, options) : result.blob;
}

function decodeResult(where: string, value: unknown, area: Uint8Array): FrameResult {
  const entry = fields(where, value);
  const died = entry.status === "died";
  const measured = (name: string): number => amount(`${where} ${name}`, died ? (entry[name] ?? 0) : entry[name]);
  const facts = {
    task: whole(`${where} task`, entry.task),
    id: word(`${where} id`, entry.id, TASK_ID),
    seconds: measured("seconds"),
    peakBytes: measured("peakBytes"),
    cpuSeconds: measured("cpuSeconds"),
    ...(entry.started === undefined ? {} : { started: amount(`${where} started`, entry.started) }),
    ...tail(where, "out", entry, area),
    ...tail(where, "err", entry, area),
  };
  if (died) return { ...facts, status: "died", cause: decodeCause(`${where} cause`, entry.cause) };
  const status = entry.status;
  if (status !== "ok" && status !== "error") throw corrupt(where, "status must be ok, error or died");
  const blob = slice(`${where} blob`, area, entry.at, entry.stored);
  const raw = whole(`${where} raw`, entry.raw);
  const gzip = flag(`${where} gzip`, entry.gzip);
  if (!gzip && raw !== blob.length) throw corrupt(where, "stored and raw size differ without gzip");
  return { ...facts, status, blob, raw, gzip };
}

function decodeCause(where: string, value: unknown): DeathCause {
  const cause = fields(where, value);
  return {
    kind: word(`${where} kind`, cause.kind, CAUSES) as DeathCause["kind"],
    reason: text(`${where} reason`, cause.reason, 65_536),
    ...(cause.exitCode === undefined ? {} : { exitCode: whole(`${where} exitCode`, cause.exitCode, 255) }),
    ...(cause.signal === undefined ? {} : { signal: whole(`${where} signal`, cause.signal, 255) }),
    first: flag(`${where} first`, cause.first),
  };
}

function tail(
  where: string,
  name: "out" | "err",
  entry: Fields,
  area: Uint8Array,
): { out?: Uint8Array; err?: Uint8Array } {
  if (entry[name] === undefined || entry[name] === null) return {};
  const [at, length] = list(`${where} ${name}`, entry[name]);
  return { [name]: slice(`${where} ${name}`, area, at, whole(`${where} ${name} length`, length, MAX_TAIL_BYTES)) };
}

function endOf(results: readonly FrameResult[], area: Uint8Array): number {
  let end = 0;
  for (const result of results) {
    for (const bytes of [result.status === "died" ? undefined : result.blob, result.out, result.err]) {
      if (bytes) end = Math.max(end, bytes.byteOffset - area.byteOffset + bytes.length);
    }
  }
  return end;
}
