import type { PackRules } from "./pack.ts";

/** Kinds of what an executor reports, by the byte in a message's head. */
export const REPORT = { begin: 1, done: 2, end: 3, out: 4, err: 5, loaded: 6, refused: 7 } as const;

/** Bytes of a `begin`: task, when it began. */
export const BEGIN_BYTES = 12;
/** Bytes of a `done` before the result: task, flags, when it began, seconds, CPU seconds, peak of memory. */
export const DONE_BYTES = 37;

const OK = 1;
const STREAM = 2;

/** A task that returned or threw. */
export interface TaskDone {
  readonly task: number;
  readonly ok: boolean;
  /** Its output goes into the result. */
  readonly stream: boolean;
  /** Monotonic milliseconds. */
  readonly startMs: number;
  readonly seconds: number;
  readonly cpuSeconds: number;
  readonly peakBytes: number;
}

/** Why an executor cannot load its pack, in the words of `RunnerError`. */
export interface Refusal {
  readonly code: string;
  readonly reason: string;
}

/** What an executor reports; each as it happens, one after another. */
export type Report =
  | { readonly type: "begin"; readonly task: number; readonly startMs: number }
  | ({ readonly type: "done"; readonly blob: Uint8Array } & TaskDone)
  /** Nothing more of the pack begins: all has run, or the time for it is over. */
  | { readonly type: "end" }
  | { readonly type: "out"; readonly bytes: Buffer }
  | { readonly type: "err"; readonly bytes: Buffer }
  /** It has read the pack of its job by itself. */
  | { readonly type: "loaded"; readonly rules: PackRules }
  | { readonly type: "refused"; readonly refusal: Refusal };

/** Writes a `begin` without its head. */
export function writeBegin(into: Buffer, at: number, task: number, startMs: number): void {
  into.writeUInt32LE(task, at);
  into.writeDoubleLE(startMs, at + 4);
}

/** Writes a `done` without head and result. */
export function writeDone(into: Buffer, at: number, done: TaskDone): void {
  into.writeUInt32LE(done.task, at);
  into[at + 4] = (done.ok ? OK : 0) | (done.stream ? STREAM : 0);
  into.writeDoubleLE(done.startMs, at + 5);
  into.writeDoubleLE(done.seconds, at + 13);
  into.writeDoubleLE(done.cpuSeconds, at + 21);
  into.writeDoubleLE(done.peakBytes, at + 29);
}

/** Reads a message. What makes no sense is none: a task may have written to the pipe. */
export function readReport(kind: number, body: Buffer): Report | undefined {
  try {
    return read(kind, body);
  } catch {
    return undefined;
  }
}

function read(kind: number, body: Buffer): Report | undefined {
  switch (kind) {
    case REPORT.begin:
      if (body.length !== BEGIN_BYTES) return undefined;
      return { type: "begin", task: body.readUInt32LE(0), startMs: body.readDoubleLE(4) };
    case REPORT.done:
      return body.length < DONE_BYTES ? undefined : readDone(body);
    case REPORT.end:
      return { type: "end" };
    case REPORT.out:
      return { type: "out", bytes: body };
    case REPORT.err:
      return { type: "err", bytes: body };
    case REPORT.loaded:
      return { type: "loaded", rules: JSON.parse(body.toString()) as PackRules };
    case REPORT.refused:
      return { type: "refused", refusal: JSON.parse(body.toString()) as Refusal };
    default:
      return undefined;
  }
}

function readDone(body: Buffer): Report {
  const flags = body[4] ?? 0;
  return {
    ...{ type: "done", task: body.readUInt32LE(0), ok: (flags & OK) !== 0, stream: (flags & STREAM) !== 0 },
    startMs: body.readDoubleLE(5),
    seconds: body.readDoubleLE(13),
    cpuSeconds: body.readDoubleLE(21),
    peakBytes: body.readDoubleLE(29),
    blob: body.subarray(DONE_BYTES),
  };
}
