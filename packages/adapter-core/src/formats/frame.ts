import { TAG_BYTES } from "./tag.ts";

/** Length of what stands before a frame's header, in bytes: magic, header length, zeros, tag. */
export const FRAME_PREAMBLE_BYTES: number = 16 + TAG_BYTES;

/** Longest tail of a task's output in a frame, in bytes, for each of stdout and stderr. */
export const MAX_TAIL_BYTES: number = 64 * 1024;

/**
 * Why a task's process ended under it.
 *
 * | kind | meaning |
 * |---|---|
 * | `exit` | it ended by itself; `exitCode` says how |
 * | `signal` | a signal ended it |
 * | `oom` | it was killed for its memory |
 * | `timeout` | the supervisor ended it at the task's limit |
 * | `revoked` | the manager asked for its end |
 */
export interface DeathCause {
  readonly kind: "exit" | "signal" | "oom" | "timeout" | "revoked";
  readonly reason: string;
  readonly exitCode?: number;
  readonly signal?: number;
  /** Nothing else had run in that process before. */
  readonly first: boolean;
}

/** What stands about a task however it ended. */
interface ResultFacts {
  /** Index of the task in its section. */
  readonly task: number;
  /** Task id, hex of 16 bytes. */
  readonly id: string;
  /** Wall time, in seconds. */
  readonly seconds: number;
  readonly peakBytes: number;
  readonly cpuSeconds: number;
  /** When it started, in seconds since its process began. */
  readonly started?: number;
  /** Last bytes of its standard output, where they were asked for or it died. */
  readonly out?: Uint8Array;
  readonly err?: Uint8Array;
}

/** A task that returned (`ok`: the result by the client's serializer) or raised (`error`: a plain pickle of the exception). */
export interface FinishedResult extends ResultFacts {
  readonly status: "ok" | "error";
  /** As stored; `frameBlob` gives it uncompressed. */
  readonly blob: Uint8Array;
  /** Size of the blob before compression, in bytes. */
  readonly raw: number;
  readonly gzip: boolean;
}

/** A task whose process ended under it. */
export interface DiedResult extends ResultFacts {
  readonly status: "died";
  readonly cause: DeathCause;
}

/** How one task ended. */
export type FrameResult = FinishedResult | DiedResult;

/** What a runner says about some of a child's tasks. */
export interface FrameBody {
  /** Who wrote it, e.g. `python/1.0 cpython 3.11.7`. */
  readonly runner: string;
  readonly results: readonly FrameResult[];
  /** Indexes of tasks that the runner hands back; only in the last frame. */
  readonly notStarted: readonly number[];
  /** No frame of this attempt follows. */
  readonly last: boolean;
}
