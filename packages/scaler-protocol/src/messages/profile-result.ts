import { ProtocolError } from "../protocol-error.ts";

/** What a task used; sixteen big-endian bytes in {@link TaskResult.metadata}. */
export interface ProfileResult {
  /** Wall-clock seconds; kept with the precision of a 32-bit float. */
  readonly durationSeconds: number;
  /** Highest resident memory in bytes. */
  readonly peakMemoryBytes: number;
  /** Processor seconds; kept with the precision of a 32-bit float. */
  readonly cpuSeconds: number;
}

/**
 * Reads a result's metadata; `undefined` when there is no profile.
 * @throws {ProtocolError} `malformed` when it has neither 0 nor 16 bytes
 */
export function decodeProfileResult(metadata: Uint8Array): ProfileResult | undefined {
  if (metadata.length === 0) return undefined;
  if (metadata.length !== 16) {
    throw new ProtocolError("malformed", `expected result metadata of 0 or 16 bytes, got ${metadata.length}`);
  }
  const view = new DataView(metadata.buffer, metadata.byteOffset, 16);
  return {
    durationSeconds: view.getFloat32(0),
    peakMemoryBytes: Number(view.getBigUint64(4)),
    cpuSeconds: view.getFloat32(12),
  };
}

/** Writes a result's metadata. @throws {ProtocolError} `malformed` when the memory is no whole number up to 2^53 - 1 */
export function encodeProfileResult({ durationSeconds, peakMemoryBytes, cpuSeconds }: ProfileResult): Uint8Array {
  if (!Number.isSafeInteger(peakMemoryBytes) || peakMemoryBytes < 0) {
    throw new ProtocolError("malformed", `expected a peak memory of whole bytes, got ${peakMemoryBytes}`);
  }
  const view = new DataView(new ArrayBuffer(16));
  view.setFloat32(0, durationSeconds);
  view.setBigUint64(4, BigInt(peakMemoryBytes));
  view.setFloat32(12, cpuSeconds);
  return new Uint8Array(view.buffer);
}
