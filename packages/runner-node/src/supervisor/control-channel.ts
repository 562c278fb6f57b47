import { Socket } from "node:net";

const MAX_LINE_BYTES = 1024 * 1024;
/** A manager that does not listen misses what is only for monitors. */
const MAX_BACKLOG_BYTES = 4 * 1024 * 1024;
const NEWLINE = 0x0a;

/** What the supervisor says. */
export type RunnerMessage = Readonly<Record<string, unknown>> & { readonly type: string };

/** What a {@link ControlChannel} tells. */
export interface ControlListener {
  message(message: Readonly<Record<string, unknown>>): void;
  /** The other side is gone, or (with a reason) makes no sense. */
  ended(reason?: string): void;
}

/** Lines of JSON over file descriptor 3, in both directions. */
export class ControlChannel {
  readonly #socket: Socket;
  readonly #listener: ControlListener;
  #rest: Buffer = Buffer.alloc(0);

  /** @throws {Error} when `fd` is not open, or is no stream */
  constructor(fd: number, listener: ControlListener) {
    this.#listener = listener;
    this.#socket = new Socket({ fd, readable: true, writable: true });
    this.#socket.on("data", (part: Buffer) => this.#hear(part));
    this.#socket.on("error", () => undefined);
    this.#socket.on("close", () => listener.ended());
    this.#socket.on("end", () => listener.ended());
  }

  say(message: RunnerMessage): void {
    this.#socket.write(`${JSON.stringify(message)}\n`);
  }

  /** Says something that may be left out. */
  mention(message: RunnerMessage): void {
    if (this.#socket.writableLength < MAX_BACKLOG_BYTES) this.say(message);
  }

  /** Resolves when everything said is out of this process. */
  async flushed(): Promise<void> {
    await new Promise<void>((resolve) => this.#socket.write("", () => resolve()));
  }

  #hear(part: Buffer): void {
    let bytes = this.#rest.length === 0 ? part : Buffer.concat([this.#rest, part]);
    for (let end = bytes.indexOf(NEWLINE); end >= 0; end = bytes.indexOf(NEWLINE)) {
      const line = bytes.toString("utf8", 0, end);
      bytes = bytes.subarray(end + 1);
      const message = parse(line);
      if (message === undefined) {
        this.#listener.ended("a control line is not understood");
        return;
      }
      this.#listener.message(message);
    }
    this.#rest = bytes;
    if (bytes.length > MAX_LINE_BYTES) this.#listener.ended("a control line is longer than 1 MiB");
  }
}

function parse(line: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === "object" && value !== null && "type" in value ? { ...value } : undefined;
  } catch {
    return undefined;
  }
}
