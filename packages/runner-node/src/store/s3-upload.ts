import { RunnerError } from "../runner-error.ts";
import type { S3Requests } from "./s3-request.ts";
import { percent } from "./sign.ts";

/** Least size of a part, in bytes, and most parts of an upload. */
const PART = 16 << 20;
const MAX_PARTS = 10_000;
const CONFLICTS = 3;

/** Stores a large object in parts, unless its key exists. */
export class S3Upload {
  readonly #requests: S3Requests;
  readonly #key: string;

  constructor(requests: S3Requests, key: string) {
    this.#requests = requests;
    this.#key = key;
  }

  /** False when the key exists already. @throws {RunnerError} `store` */
  async store(pieces: readonly Uint8Array[], size: number): Promise<boolean> {
    for (let n = 0; n < CONFLICTS; n += 1) {
      const outcome = await this.#once(pieces, Math.max(PART, Math.ceil(size / MAX_PARTS)));
      if (outcome !== "conflict") return outcome === "stored";
    }
    throw new RunnerError("store", `cannot write ${this.#key}: somebody else goes on writing it`);
  }

  async #once(pieces: readonly Uint8Array[], partBytes: number): Promise<"stored" | "exists" | "conflict"> {
    const key = this.#key;
    const begun = await this.#requests.call({ method: "POST", key, query: "uploads=" });
    const [, id] = /<UploadId>([^<]{1,1024})<\/UploadId>/.exec(begun.body.toString("utf8")) ?? [];
    if (id === undefined) throw new RunnerError("store", `cannot write ${key}: no upload was begun`);
    const upload = `uploadId=${percent(id)}`;
    let stored = false;
    try {
      const tags: string[] = [];
      for (const part of cut(pieces, partBytes)) {
        const query = `partNumber=${tags.length + 1}&${upload}`;
        tags.push(String((await this.#requests.call({ method: "PUT", key, query, pieces: part })).headers.etag ?? ""));
      }
      const body = Buffer.from(completion(tags));
      const headers = { "if-none-match": "*" };
      const accept = [200, 404, 409, 412];
      const answer = await this.#requests.call({ method: "POST", key, query: upload, headers, pieces: [body], accept });
      // Unknown on a second try: the first one ended it.
      stored = answer.status === 200 || (answer.status === 404 && answer.tries > 1);
      if (stored) return "stored";
      if (answer.status === 404) throw new RunnerError("store", `cannot write ${key}: the upload is gone`);
      return answer.status === 412 ? "exists" : "conflict";
    } finally {
      if (!stored) await this.#abort(upload);
    }
  }

  /** Parts that nobody completes are paid for; what cannot be aborted here the bucket's lifecycle ends. */
  async #abort(upload: string): Promise<void> {
    const accept = [200, 204, 403, 404];
    await this.#requests
      .call({ method: "DELETE", key: this.#key, query: upload, accept, tries: 2 })
      .catch(() => undefined);
  }
}

function completion(tags: readonly string[]): string {
  const parts = tags.map((tag, index) => {
    const etag = tag.replaceAll("&", "&amp;").replaceAll("<", "&lt;");
    return `<Part><PartNumber>${index + 1}</PartNumber><ETag>${etag}</ETag></Part>`;
  });
  return `<CompleteMultipartUpload xmlns="http://s3.amazonaws.com/doc/2006-03-01/">${parts.join("")}</CompleteMultipartUpload>`;
}

/** The pieces as parts of `size` bytes, without copying them. */
function* cut(pieces: readonly Uint8Array[], size: number): Generator<readonly Uint8Array[]> {
  let part: Uint8Array[] = [];
  let room = size;
  for (const piece of pieces) {
    for (let at = 0; at < piece.length; ) {
      const taken = piece.subarray(at, at + room);
      part.push(taken);
      at += taken.length;
      room -= taken.length;
      if (room > 0) continue;
      yield part;
      part = [];
      room = size;
    }
  }
  if (part.length > 0) yield part;
}
