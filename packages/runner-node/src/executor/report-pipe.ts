import { writeSync } from "node:fs";
import { HEAD_BYTES, writeHead } from "../messages/message-reader.ts";
import { BEGIN_BYTES, DONE_BYTES, REPORT, type TaskDone, writeBegin, writeDone } from "../messages/reports.ts";

const GATHER_BYTES = 64 * 1024;
const PATIENCE_MS = 1;

/**
 * Tells the supervisor what happens, in order, through a pipe that holds what was said whatever becomes of this process. A result waits for the next
 * message, most often the beginning of the next task: one call of the system for each short task.
 */
export class ReportPipe {
  readonly #fd: number;
  readonly #gathered: Buffer = Buffer.allocUnsafeSlow(GATHER_BYTES);
  #at = 0;

  constructor(fd: number) {
    this.#fd = fd;
  }

  /** A task begins. It is said when this returns. */
  begin(task: number, startMs: number): void {
    const at = this.#head(REPORT.begin, BEGIN_BYTES, 0);
    writeBegin(this.#gathered, at, task, startMs);
    this.flush();
  }

  /** A task is over. It is said with the next message, or by {@link flush}. */
  done(done: TaskDone, blob: Uint8Array): void {
    const at = this.#head(REPORT.done, DONE_BYTES, blob.length);
    writeDone(this.#gathered, at, done);
    this.#body(blob);
  }

  /** Nothing more of the pack begins. */
  end(): void {
    this.#head(REPORT.end, 0, 0);
    this.flush();
  }

  /** What a task, or something that a task left behind, prints. */
  output(kind: "out" | "err", bytes: Uint8Array): void {
    this.#say(REPORT[kind], bytes);
  }

  loaded(rules: object): void {
    this.#say(REPORT.loaded, Buffer.from(JSON.stringify(rules)));
  }

  refused(refusal: object): void {
    this.#say(REPORT.refused, Buffer.from(JSON.stringify(refusal)));
  }

  /** Says what waits. */
  flush(): void {
    const end = this.#at;
    this.#at = 0;
    if (end > 0) this.#write(this.#gathered.subarray(0, end));
  }

  #say(kind: number, bytes: Uint8Array): void {
    this.#head(kind, 0, bytes.length);
    this.#body(bytes);
    this.flush();
  }

  /** Makes room for a head and the fixed part of a message, and says where the latter begins. */
  #head(kind: number, fixed: number, more: number): number {
    if (this.#at + HEAD_BYTES + fixed > GATHER_BYTES) this.flush();
    const at = this.#at + HEAD_BYTES;
    writeHead(this.#gathered, this.#at, kind, fixed + more);
    this.#at = at + fixed;
    return at;
  }

  #body(bytes: Uint8Array): void {
    if (this.#at + bytes.length <= GATHER_BYTES) {
      this.#gathered.set(bytes, this.#at);
      this.#at += bytes.length;
    } else {
      this.flush();
      this.#write(bytes);
    }
  }

  #write(bytes: Uint8Array): void {
    for (let at = 0; at < bytes.length; ) {
      try {
        at += writeSync(this.#fd, bytes, at);
      } catch (reason) {
        if (!(reason instanceof Error && "code" in reason && reason.code === "EAGAIN")) supervisorIsGone();
        Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, PATIENCE_MS);
      }
    }
  }
}

/** Nobody listens any more: an executor does not outlive its supervisor. */
export function supervisorIsGone(): never {
  process.kill(process.pid, "SIGKILL");
  throw new Error("the supervisor is gone");
}
