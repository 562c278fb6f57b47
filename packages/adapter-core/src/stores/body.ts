import { createHash } from "node:crypto";
import type { AbortOptions } from "../contracts/abort-options.ts";
import { AdapterError } from "../contracts/adapter-error.ts";
import type { Body } from "../contracts/payload-store.ts";
import { untilAborted } from "./until-aborted.ts";

/** Size of a body, in bytes, known before any of it is read. */
export function bodySize(body: Body): number {
  if (body instanceof Uint8Array) return body.length;
  return "stream" in body ? body.size : body.reduce((sum, piece) => sum + piece.length, 0);
}

/**
 * The bytes of a body, piece by piece and uncopied, as a store writes them. Ends only after all of a stream's bytes were as announced: a
 * store that publishes an object when this ends stores nothing wrong. A stream that waits is left behind when the signal aborts.
 * @throws {AdapterError} `corrupt` when a stream has another size or digest than it says.
 */
export async function* bodyPieces(body: Body, options?: AbortOptions): AsyncGenerator<Uint8Array, void, undefined> {
  options?.signal?.throwIfAborted();
  if (body instanceof Uint8Array) yield body;
  else if (!("stream" in body)) yield* body;
  else yield* checked(body, options);
}

async function* checked(
  body: { readonly size: number; readonly stream: AsyncIterable<Uint8Array>; readonly sha256?: string },
  options?: AbortOptions,
): AsyncGenerator<Uint8Array, void, undefined> {
  const hash = body.sha256 === undefined ? undefined : createHash("sha256");
  const source = body.stream[Symbol.asyncIterator]();
  let size = 0;
  let ended = false;
  try {
    while (true) {
      const next = await untilAborted(source.next(), options?.signal);
      if (next.done) break;
      size += next.value.length;
      if (size > body.size) break;
      hash?.update(next.value);
      yield next.value;
    }
    ended = size <= body.size;
  } finally {
    // Not awaited: a generator that waits for its next bytes cannot return before it has them.
    if (!ended) void source.return?.()?.then(undefined, () => undefined);
  }
  if (size !== body.size) {
    const got = size > body.size ? "more" : `${size}`;
    throw new AdapterError("corrupt", `a stream of ${body.size} bytes had ${got}`);
  }
  const digest = hash?.digest("hex");
  if (digest !== body.sha256)
    throw new AdapterError("corrupt", `a stream had sha256 ${digest}, expected ${body.sha256}`);
}
