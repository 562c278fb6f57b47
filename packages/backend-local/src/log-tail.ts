import { StringDecoder } from "node:string_decoder";
import type { Log } from "@scaler-aws-hpc/adapter-core";

const MAX_LINES = 30;
const MAX_CHARACTERS = 500;
// A runner writes next to nothing itself; one that floods is not let through to the manager's log.
const MAX_LOGGED_LINES = 1_000;

/** Keeps the last lines that a runner wrote, and passes the first ones to the log at debug level. */
export class LogTail {
  readonly #log: Log;
  readonly #runner: string;
  readonly #decoder = new StringDecoder("utf8");
  #lines: string[] = [];
  #open = "";
  #logged = 0;

  constructor(log: Log, runner: string) {
    this.#log = log;
    this.#runner = runner;
  }

  push(chunk: Buffer): void {
    const parts = (this.#open + this.#decoder.write(chunk)).split("\n");
    this.#open = (parts.pop() ?? "").slice(-MAX_CHARACTERS);
    for (const part of parts.slice(-MAX_LOGGED_LINES)) this.#add(part);
  }

  /** At most 30 lines of 500 characters, the unfinished one included. */
  lines(): readonly string[] {
    return this.#open === "" ? [...this.#lines] : [...this.#lines, this.#open];
  }

  #add(part: string): void {
    const line = part.trimEnd().slice(0, MAX_CHARACTERS);
    if (line === "") return;
    this.#lines.push(line);
    if (this.#lines.length > MAX_LINES) this.#lines.shift();
    this.#logged += 1;
    if (this.#logged <= MAX_LOGGED_LINES) this.#log.debug(line, { runner: this.#runner });
    if (this.#logged === MAX_LOGGED_LINES) this.#log.debug("further lines are not logged", { runner: this.#runner });
  }
}
