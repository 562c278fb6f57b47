import { createHash } from "node:crypto";
import { crc32Of } from "./checksums.ts";
import { KeyOrder } from "./key-order.ts";
import { S3Refusal } from "./s3-refusal.ts";

/** An object as it is stored. */
export interface StoredObject {
  readonly key: string;
  readonly bytes: Buffer;
  /** With quotes, as it stands in headers. */
  readonly etag: string;
  readonly crc32: string | undefined;
  readonly contentType: string;
  readonly metadata: Readonly<Record<string, string>>;
  readonly modified: Date;
}

/** What a write asks for about what is there already. */
export interface Conditions {
  readonly ifMatch?: string | undefined;
  readonly ifNoneMatch?: string | undefined;
}

/** The objects of one bucket, found by key and by prefix. */
export class ObjectTable {
  readonly #objects = new Map<string, StoredObject>();
  readonly #order = new KeyOrder((key) => this.#objects.has(key));

  get size(): number {
    return this.#objects.size;
  }

  get(key: string): StoredObject | undefined {
    return this.#objects.get(key);
  }

  /** @throws {S3Refusal} `PreconditionFailed` or, with `If-Match` on nothing, `NoSuchKey` */
  put(
    key: string,
    bytes: Buffer,
    options: Conditions & {
      readonly contentType?: string | undefined;
      readonly metadata?: Readonly<Record<string, string>>;
      /** That of an object of parts differs from its MD5. */
      readonly etag?: string;
    } = {},
  ): StoredObject {
    checkWrite(this.#objects.get(key), options);
    const stored: StoredObject = {
      key,
      bytes,
      etag: options.etag ?? `"${createHash("md5").update(bytes).digest("hex")}"`,
      crc32: options.etag === undefined ? crc32Of(bytes) : undefined,
      contentType: options.contentType ?? "application/octet-stream",
      metadata: options.metadata ?? {},
      modified: new Date(),
    };
    if (!this.#objects.has(key)) this.#order.add(key);
    this.#objects.set(key, stored);
    return stored;
  }

  /** True when it was there. */
  delete(key: string): boolean {
    if (!this.#objects.delete(key)) return false;
    this.#order.delete();
    return true;
  }

  /** Keys that begin so, in order, those after `after` only. */
  keys(prefix = "", after = ""): readonly string[] {
    return this.#order.from(prefix, after);
  }
}

function checkWrite(there: StoredObject | undefined, { ifMatch, ifNoneMatch }: Conditions): void {
  if (ifNoneMatch !== undefined) {
    if (ifNoneMatch !== "*") throw new S3Refusal("NotImplemented", 501, "A header you provided is not implemented.");
    if (there !== undefined) throw preconditionFailed();
  }
  if (ifMatch === undefined) return;
  if (there === undefined) throw new S3Refusal("NoSuchKey", 404, "The specified key does not exist.");
  if (unquoted(there.etag) !== unquoted(ifMatch)) throw preconditionFailed();
}

/** An entity tag without its quotes: clients send both. */
export function unquoted(etag: string): string {
  return etag.replaceAll('"', "");
}

/** 412. */
export function preconditionFailed(): S3Refusal {
  return new S3Refusal("PreconditionFailed", 412, "At least one of the pre-conditions you specified did not hold");
}
