import { type AbortOptions, AdapterError, untilAborted } from "@scaler-aws-hpc/adapter-core";
import { Refused, type S3Calls } from "./s3-calls.ts";
import { objectName } from "./s3-location.ts";
import { versionText } from "./version.ts";

/** An object's bytes, or a part of them, with its etag. */
export interface GotObject {
  readonly body: Uint8Array;
  readonly etag: string;
}

/** From `start` up to, not including, `end`; in bytes. */
export interface ByteRange {
  readonly start: number;
  readonly end: number;
}

/** What the SDK gives as a body, as far as it is used here. */
interface Incoming extends AsyncIterable<Uint8Array> {
  destroy(): void;
}

/**
 * Reads an object or a range of it; `undefined` when there is none.
 * @throws {AdapterError} `too-large` before any byte is taken in; `corrupt` when the checksum is another one again and again.
 */
export async function getObject(
  calls: S3Calls,
  key: string,
  range: ByteRange | undefined,
  maxBytes: number,
  options?: AbortOptions,
): Promise<GotObject | undefined> {
  // Of a range without bytes S3 would send the whole object.
  if (range !== undefined && range.end <= range.start) return await emptyPart(calls, key, options);
  const got = await calls.run(
    {
      doing: `get ${key}`,
      action: "s3:GetObject",
      signal: options?.signal,
      expected: ({ name, status }) =>
        name === "NoSuchKey" || name === "InvalidRange" || status === 416 || (status === 404 && name === "NotFound"),
    },
    async (s3, send) => {
      const input = { ...calls.place, Key: objectName(calls.location, key) };
      const answer = await s3.getObject(
        range === undefined ? input : { ...input, Range: `bytes=${range.start}-${range.end - 1}` },
        send,
      );
      const asked = range === undefined ? undefined : range.end - range.start;
      const body = incoming(answer.Body);
      return {
        body: await taken(key, body, answer.ContentLength, asked, maxBytes, options),
        etag: versionText(answer),
      };
    },
  );
  if (!(got instanceof Refused)) return got;
  return got.failure.status === 404 ? undefined : await emptyPart(calls, key, options);
}

/** A range behind the object's end, or of no length: only whether the object is there, and which. */
async function emptyPart(calls: S3Calls, key: string, options?: AbortOptions): Promise<GotObject | undefined> {
  const found = await calls.run(
    {
      doing: `get ${key}`,
      action: "s3:GetObject",
      signal: options?.signal,
      expected: ({ status, name }) => status === 404 && name !== "NoSuchBucket",
    },
    (s3, send) => s3.headObject({ ...calls.place, Key: objectName(calls.location, key) }, send),
  );
  return found instanceof Refused ? undefined : { body: new Uint8Array(), etag: versionText(found) };
}

async function taken(
  key: string,
  body: Incoming,
  length: number | undefined,
  asked: number | undefined,
  maxBytes: number,
  options?: AbortOptions,
): Promise<Uint8Array> {
  let whole = false;
  try {
    if (length === undefined) throw cut("no length");
    if (length > maxBytes)
      throw new AdapterError("too-large", `get ${key}: ${length} bytes to read, limit ${maxBytes}`);
    if (asked !== undefined && length > asked) throw cut(`${length} bytes, asked for ${asked}`);
    const bytes = Buffer.allocUnsafeSlow(length);
    let filled = 0;
    const read = async (): Promise<void> => {
      for await (const piece of body) {
        if (filled + piece.length > length) throw cut(`more than the ${length} bytes it announced`);
        bytes.set(piece, filled);
        filled += piece.length;
      }
    };
    await untilAborted(read(), options?.signal);
    if (filled < length) throw cut(`${filled} of ${length} bytes`);
    whole = true;
    return bytes;
  } finally {
    if (!whole) body.destroy();
  }
}

/** As a broken connection is: to be read again. */
function cut(got: string): Error {
  return Object.assign(new Error(`the answer had ${got}`), { name: "IncompleteBody" });
}

function incoming(body: unknown): Incoming {
  if (typeof body === "object" && body !== null && Symbol.asyncIterator in body && "destroy" in body)
    return body as Incoming;
  throw new AdapterError("internal", "the SDK gave an answer without a stream");
}
