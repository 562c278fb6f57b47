import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ApiRefusal } from "./api-refusal.ts";
import { type Fields, integerOf, textOf } from "./fields.ts";

/** The only log group. */
const LOG_GROUP = "/aws/batch/job";

/** Most events of one page. */
const PAGE = 10_000;

/** What containers print: one file each, which is read only when somebody asks for it. */
export class LogStreams implements Disposable {
  readonly #folder = mkdtempSync(join(tmpdir(), "batch-emulator-"));
  readonly #streams = new Map<string, { readonly file: string; readonly startedAt: number }>();

  /** The file of a new stream. */
  open(stream: string): string {
    const file = join(this.#folder, `${this.#streams.size}.log`);
    this.#streams.set(stream, { file, startedAt: Date.now() });
    return file;
  }

  /** The whole text of a stream; empty when there is none. */
  text(stream: string): string {
    const entry = this.#streams.get(stream);
    return entry === undefined ? "" : textOfFile(entry.file);
  }

  /** GetLogEvents: pages forwards from the head or from a token; without either the last page. @throws {ApiRefusal} */
  events(request: Fields): Fields {
    const entry = this.#streams.get(textOf(request, "logStreamName") ?? "");
    if (textOf(request, "logGroupName") !== LOG_GROUP || entry === undefined)
      throw new ApiRefusal("ResourceNotFoundException", 400, "The specified log stream does not exist.");
    const lines = textOfFile(entry.file)
      .split("\n")
      .filter((line) => line !== "");
    const size = Math.min(integerOf(request, "limit") ?? PAGE, PAGE);
    const token = /^[fb]\/(\d+)$/.exec(textOf(request, "nextToken") ?? "")?.[1];
    const head = request["startFromHead"] === true;
    const start = token === undefined ? (head ? 0 : Math.max(0, lines.length - size)) : Number(token);
    const end = Math.min(start + size, lines.length);
    const at = entry.startedAt;
    return {
      events: lines.slice(start, end).map((message) => ({ timestamp: at, ingestionTime: at, message })),
      nextForwardToken: `f/${end}`,
      nextBackwardToken: `b/${Math.max(0, start - size)}`,
    };
  }

  [Symbol.dispose](): void {
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

function textOfFile(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch {
    // A container that printed nothing may have no file yet.
    return "";
  }
}
