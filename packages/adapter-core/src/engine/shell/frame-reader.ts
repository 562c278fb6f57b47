import { AdapterError } from "../../contracts/adapter-error.ts";
import type { Frame } from "../../formats/frame-decode.ts";
import { parseFrameKey } from "../../formats/keys.ts";
import { again, passesInTime } from "./again.ts";
import { backOffMs, STORAGE_BACK_OFF } from "./back-off.ts";
import type { FoundFrame } from "./frame-listing.ts";
import type { FrameShelf } from "./frame-shelf.ts";
import { Gate } from "./gate.ts";
import type { ShellHost } from "./host.ts";
import type { AttemptFrames, Child, JobBook } from "./job-book.ts";

const ABSENT_TRIES = 3;
/** Frames that are read at the same time. */
const READS_AT_ONCE = 64;
const READ_BYTES_AT_ONCE = 256 * 1024 * 1024;

/** Options of {@link FrameReader}. */
export interface FrameReaderOptions {
  readonly book: JobBook;
  readonly frames: FrameShelf;
  readonly managerId: string;
}

/** Reads result frames, each once, and reports them by `frame`. What is not what a runner of that job wrote is counted and ignored. */
export class FrameReader {
  readonly #host: ShellHost;
  readonly #options: FrameReaderOptions;
  /** Results of tasks that were reported so far. */
  results = 0;
  readonly #gate = new Gate({ most: READS_AT_ONCE, mostBytes: READ_BYTES_AT_ONCE });

  constructor(host: ShellHost, options: FrameReaderOptions) {
    this.#host = host;
    this.#options = options;
  }

  /** Whether every frame of an attempt was read: then nothing of it can be in the store that we do not know. */
  complete(child: Child, attempt: number): boolean {
    const seen = child.attempts.get(attempt);
    if (seen?.last === undefined) return false;
    // An earlier process deleted frames that were acknowledged; what is there was listed, and read, in order.
    return child.adopted || seen.read.size > seen.last;
  }

  /** Reads one frame, however long the store is out of reach; what it returns reports it. Many may be read at a time, and reported in another order. */
  async load(child: Child, { key, size }: FoundFrame): Promise<(() => void) | undefined> {
    if (child.frames.has(key)) return undefined;
    child.frames.add(key);
    const job = this.#options.book.get(child.job);
    const name = parseFrameKey(key);
    if (job === undefined) return undefined;
    const leave = await this.#gate.enter(size);
    try {
      if (name?.manager !== this.#options.managerId || name.job !== child.job || name.child !== child.child) {
        throw new AdapterError("corrupt", `${key.slice(0, 160)} is no frame of ${child.job}.${child.child}`);
      }
      const frame = await this.#load(key, job.spec.secret);
      if (frame === undefined) {
        // Not there yet, or a hint that lied: the listing at the child's end asks again.
        child.frames.delete(key);
        return undefined;
      }
      verify(child, frame);
      return () => this.#report(child, frame);
    } catch (reason) {
      if (this.#host.signal.aborted) throw reason;
      this.#host.counters.corruptFrames += 1;
      this.#options.frames.forget([key]);
      this.#host.log.warn("ignored a result frame", { key, reason: String(reason) });
      // Nothing else can come under this key: whether the attempt is complete does not wait for it.
      if (name?.job === child.job && name.child === child.child) attemptOf(child, name.attempt).read.add(name.n);
      return undefined;
    } finally {
      leave();
    }
  }

  async #load(key: string, secret: string): Promise<Frame | undefined> {
    const { clock, random, signal } = this.#host;
    // Results that are there are worth waiting for until they may be read.
    const waits = { saying: "a result could not be read; trying again", passes: passesInTime };
    for (let absent = 1; ; absent += 1) {
      const frame = await again(this.#host, () => this.#options.frames.load(key, secret), waits);
      if (frame !== undefined || absent >= ABSENT_TRIES) return frame;
      await clock.sleep(backOffMs(STORAGE_BACK_OFF, 1, random()), { signal });
    }
  }

  #report(child: Child, frame: Frame): void {
    const { key, job, attempt, notStarted } = frame;
    const seen = attemptOf(child, attempt);
    seen.read.add(frame.n);
    if (frame.last) seen.last = frame.n;
    if (notStarted.length > 0) seen.handedBack = true;
    this.results += frame.results.length;
    child.busyMs += frame.results.reduce((sum, { seconds }) => sum + seconds * 1_000, 0);
    this.#host.tell({
      type: "frame",
      ...{ job, child: child.child, attempt, key, notStarted },
      results: frame.results.map((result) => ({
        task: result.task,
        status: result.status,
        seconds: result.seconds,
        ...(result.status === "died" ? { cause: result.cause } : {}),
      })),
    });
  }
}

function attemptOf(child: Child, attempt: number): AttemptFrames {
  const known = child.attempts.get(attempt);
  if (known !== undefined) return known;
  const fresh: AttemptFrames = { read: new Set(), last: undefined, handedBack: false };
  child.attempts.set(attempt, fresh);
  return fresh;
}

/** A frame speaks of tasks of its own section only, by their names. @throws {AdapterError} `corrupt` */
function verify(child: Child, frame: Frame): void {
  for (const { task, id } of frame.results) {
    if (child.tasks[task] !== id) throw new AdapterError("corrupt", `frame ${frame.key}: task ${task} is not ${id}`);
  }
  for (const task of frame.notStarted) {
    if (task >= child.tasks.length) throw new AdapterError("corrupt", `frame ${frame.key}: there is no task ${task}`);
  }
}
