import { ProtocolError } from "../protocol-error.ts";

/** What a client asks of a task besides its result; six big-endian bytes in {@link Task.metadata}. */
export interface TaskFlags {
  /** Whether the client wants {@link ProfileResult} with the result. @default true */
  readonly profiling: boolean;
  /** Larger is more urgent; 0 to 2^31 - 1. @default 0 */
  readonly priority: number;
  /** Whether the client wants what the task prints. @default false */
  readonly streamOutput: boolean;
}

const DEFAULTS: TaskFlags = Object.freeze({ profiling: true, priority: 0, streamOutput: false });

/**
 * Reads a task's metadata; none at all means the defaults. A negative priority is taken as it is, the caller decides.
 * @throws {ProtocolError} `malformed` when it has neither 0 nor 6 bytes
 */
export function decodeTaskFlags(metadata: Uint8Array): TaskFlags {
  if (metadata.length === 0) return DEFAULTS;
  if (metadata.length !== 6) {
    throw new ProtocolError("malformed", `expected task metadata of 0 or 6 bytes, got ${metadata.length}`);
  }
  const view = new DataView(metadata.buffer, metadata.byteOffset, 6);
  return { profiling: view.getUint8(0) !== 0, priority: view.getInt32(1), streamOutput: view.getUint8(5) !== 0 };
}

/** Writes a task's metadata. @throws {ProtocolError} `malformed` when the priority has no 32 bits */
export function encodeTaskFlags({ profiling, priority, streamOutput }: TaskFlags): Uint8Array {
  if ((priority | 0) !== priority) {
    throw new ProtocolError("malformed", `expected a priority that is a whole number of 32 bits, got ${priority}`);
  }
  const view = new DataView(new ArrayBuffer(6));
  view.setUint8(0, profiling ? 1 : 0);
  view.setInt32(1, priority);
  view.setUint8(5, streamOutput ? 1 : 0);
  return new Uint8Array(view.buffer);
}
