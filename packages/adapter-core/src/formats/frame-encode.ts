import type { AbortOptions } from "../contracts/abort-options.ts";
import { AdapterError } from "../contracts/adapter-error.ts";
import { FRAME_PREAMBLE_BYTES, type FrameBody, type FrameResult } from "./frame.ts";
import { parseFrameKey } from "./keys.ts";
import { FRAME_MAGIC } from "./magic.ts";
import { tagFrame } from "./tag.ts";

/**
 * Writes a result frame as pieces that follow each other, as a runner would: for fakes, tests and runners in this process.
 * @throws {AdapterError} `internal` when `key` is not a frame's
 */
export async function encodeFrame(
  key: string,
  body: FrameBody,
  secret: string,
  options?: AbortOptions,
): Promise<Uint8Array[]> {
  const name = parseFrameKey(key);
  if (!name) throw new AdapterError("internal", `${key} is not the key of a frame`);
  const blobs: Uint8Array[] = [];
  let at = 0;
  const place = (bytes: Uint8Array): number => {
    const start = at;
    blobs.push(bytes);
    at += bytes.length;
    return start;
  };
  const { job, child, attempt, n } = name;
  const header = Buffer.from(
    JSON.stringify({
      v: 1,
      ...{ job, child, attempt, n, runner: body.runner },
      results: body.results.map((result) => describe(result, place)),
      ...(body.notStarted.length > 0 ? { notStarted: body.notStarted } : {}),
      last: body.last,
    }),
  );
  const head = Buffer.alloc(FRAME_PREAMBLE_BYTES);
  head.set(FRAME_MAGIC, 0);
  head.writeUInt32LE(header.length, 8);
  head.set(await tagFrame(secret, key, [header, ...blobs], options), 16);
  return [head, header, ...blobs];
}

function describe(result: FrameResult, place: (bytes: Uint8Array) => number): unknown {
  const { task, id, status, seconds, peakBytes, cpuSeconds, started, out, err } = result;
  const outcome =
    result.status === "died"
      ? { cause: result.cause }
      : { at: place(result.blob), stored: result.blob.length, raw: result.raw, gzip: result.gzip };
  return {
    ...{ task, id, status, ...outcome, seconds, peakBytes, cpuSeconds, started },
    ...(out ? { out: [place(out), out.length] } : {}),
    ...(err ? { err: [place(err), err.length] } : {}),
  };
}
