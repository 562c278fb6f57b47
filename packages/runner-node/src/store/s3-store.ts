import { RunnerError } from "../runner-error.ts";
import type { Credentials } from "./credentials.ts";
import { pause } from "./pause.ts";
import { s3Place } from "./s3-place.ts";
import { S3Requests } from "./s3-request.ts";
import { S3Upload } from "./s3-upload.ts";
import { type ReadRange, type Store, WHOLE_BUNDLE } from "./store.ts";

/** Objects above this, in bytes, go up in parts. */
const ONE_PUT = 64 << 20;
const MAX_SILENCES = 10;

/** A prefix of a bucket. The role of a job may read inputs and write results; it can neither list nor delete, so an absent object answers 403. */
export class S3Store implements Store {
  readonly compress = true;
  readonly #requests: S3Requests;

  /** @throws {RunnerError} `store` */
  constructor(
    locator: Readonly<Record<string, unknown>>,
    environment: NodeJS.ProcessEnv = process.env,
    credentials?: Credentials,
  ) {
    this.#requests = new S3Requests(s3Place(locator, environment), credentials);
  }

  hurry(ms: number): void {
    this.#requests.hurry(ms);
  }

  patience(ms: number): void {
    this.#requests.patience(ms);
  }

  prepare(): void {
    this.#requests.prepare();
  }

  async whole(key: string, size: number): Promise<Buffer> {
    return (await this.#fetch(key, 0, size)).bytes;
  }

  async ranges<Result>(key: string, use: (size: number, read: ReadRange) => Promise<Result>): Promise<Result> {
    // One request for a small bundle; of a larger one the index, which is never longer than this, and the size.
    const { bytes: head, size } = await this.#fetch(key, 0, WHOLE_BUNDLE);
    return await use(size, async (start, wanted) => {
      const end = Math.min(wanted, size);
      if (end <= head.length) return head.subarray(start, end);
      if (start >= head.length) return (await this.#fetch(key, start, end)).bytes;
      return Buffer.concat([head.subarray(start), (await this.#fetch(key, head.length, end)).bytes]);
    });
  }

  async putAbsent(key: string, pieces: readonly Uint8Array[]): Promise<boolean> {
    const size = pieces.reduce((sum, piece) => sum + piece.length, 0);
    if (size > ONE_PUT) return await new S3Upload(this.#requests, key).store(pieces, size);
    const headers = { "if-none-match": "*" };
    // 412: somebody was faster, or the answer to our own put was lost.
    const answer = await this.#requests.call({ method: "PUT", key, headers, pieces, accept: [200, 412] });
    return answer.status === 200;
  }

  /** Bytes from `start` to `end`, and the size of the object. A body that is cut off is continued where it ended. */
  async #fetch(key: string, start: number, end: number): Promise<{ readonly bytes: Buffer; readonly size: number }> {
    const parts: Buffer[] = [];
    let at = start;
    for (let silences = 0; ; ) {
      const headers = { range: `bytes=${at}-${Math.max(at, end - 1)}` };
      // A service without ranges answers with all of it.
      const most = at === 0 ? Math.max(end, WHOLE_BUNDLE) : end - at;
      const answer = await this.#requests.call({ method: "GET", key, headers, accept: [200, 206, 416], most });
      const range = String(answer.headers["content-range"] ?? "");
      if (answer.status === 416) {
        const [, total = String(at)] = /^bytes \*\/([0-9]{1,18})$/.exec(range) ?? [];
        return { bytes: Buffer.concat(parts), size: Number(total) };
      }
      const [, from, total] = /^bytes ([0-9]{1,18})-[0-9]{1,18}\/([0-9]{1,18})$/.exec(range) ?? [];
      const whole = answer.status === 200 && at === 0;
      if (!whole && !(answer.status === 206 && Number(from) === at)) {
        throw new RunnerError("store", `cannot read ${key}: the service answers with another range`);
      }
      parts.push(answer.body);
      at += answer.body.length;
      const size = whole ? answer.body.length : Number(total);
      if (answer.short === undefined) return { bytes: joined(parts), size };
      silences = answer.body.length > 0 ? 0 : silences + 1;
      if (silences >= MAX_SILENCES || this.#requests.late) {
        throw new RunnerError("store", `cannot read ${key}: ${answer.short}`);
      }
      await pause(silences);
    }
  }
}

const joined = (parts: readonly Buffer[]): Buffer => (parts.length === 1 && parts[0] ? parts[0] : Buffer.concat(parts));
