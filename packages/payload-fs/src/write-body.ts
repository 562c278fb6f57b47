import { createHash } from "node:crypto";
import { type FileHandle, open } from "node:fs/promises";
import { type AbortOptions, type Body, bodyPieces, bodySize } from "@scaler-aws-hpc/adapter-core";
import { largeEtag, SMALL_BYTES, smallEtag } from "./etag.ts";

// Below IOV_MAX (1,024 on Linux and macOS), which one writev may not pass.
const MAX_PIECES = 512;
const MAX_HELD_BYTES = 1024 * 1024;

/**
 * Writes a body to a new file, readable by its owner only, and gives its etag. Big pieces go to the file as they are; only bodies of up to
 * 64 KiB are joined first.
 *
 * @param durable waits until the device has the bytes.
 */
export async function writeBody(path: string, body: Body, durable: boolean, options?: AbortOptions): Promise<string> {
  // O_EXCL: whatever waits under this name, a symbolic link too, is not written through.
  const file = await open(path, "wx", 0o600);
  try {
    const small = bodySize(body) <= SMALL_BYTES ? createHash("sha256") : undefined;
    let held: Uint8Array[] = [];
    let bytes = 0;
    for await (const piece of bodyPieces(body, options)) {
      small?.update(piece);
      held.push(piece);
      bytes += piece.length;
      // A stream's piece may be used again by its maker once the next one is asked for.
      if ("stream" in body || held.length === MAX_PIECES || bytes >= MAX_HELD_BYTES) {
        await writeAll(file, held);
        options?.signal?.throwIfAborted();
        held = [];
        bytes = 0;
      }
    }
    await writeAll(file, small && held.length > 1 ? [Buffer.concat(held)] : held);
    if (durable) await file.datasync();
    return small ? smallEtag(small.digest("hex")) : largeEtag(await file.stat({ bigint: true }));
  } finally {
    await file.close();
  }
}

async function writeAll(file: FileHandle, pieces: readonly Uint8Array[]): Promise<void> {
  let rest = pieces.filter((piece) => piece.length > 0);
  while (rest.length > 0) {
    let { bytesWritten } = await file.writev(rest);
    const next: Uint8Array[] = [];
    for (const piece of rest) {
      if (bytesWritten < piece.length) next.push(piece.subarray(bytesWritten));
      bytesWritten = Math.max(0, bytesWritten - piece.length);
    }
    rest = next;
  }
}
