import {
  type AbortOptions,
  AdapterError,
  assertKey,
  assertPrefix,
  type Body,
  bodyPieces,
  bodySize,
  type HostServices,
  OpenCalls,
  type PayloadStore,
  type PayloadStoreTraits,
  type PutOutcome,
  type StoredObject,
  type StoreLocator,
} from "@scaler-aws-hpc/adapter-core";
import { bodyParts } from "./body-parts.ts";
import { deleteObjects } from "./delete-objects.ts";
import { type GotObject, getObject } from "./get-object.ts";
import { checkBucket, listObjects } from "./list-objects.ts";
import { multipartPut, PART_BYTES } from "./multipart-put.ts";
import { putObject } from "./put-object.ts";
import { S3Calls } from "./s3-calls.ts";
import { s3Location } from "./s3-location.ts";
import { newMarks, parseVersion } from "./version.ts";

const DEFAULT_MAX_BYTES = 256 * 1024 * 1024;
const DEFAULT_PARALLEL = 64;
const DEFAULT_TIMEOUT_MS = 15_000;
const DEFAULT_ATTEMPTS = 6;
/** How long a close waits for requests that are under way, in milliseconds. */
const CLOSE_MS = 2_000;

/** Where and how {@link S3PayloadStore} keeps its objects. */
export interface S3PayloadStoreOptions {
  readonly bucket: string;
  /** In front of every key, with a slash; may be empty. @default "scaler-tasks" */
  readonly prefix?: string;
  /** Region of the bucket. @default what the SDK finds: AWS_REGION, then the profile */
  readonly region?: string;
  /** Account that must own the bucket, 12 digits; sent with every request. @default not checked */
  readonly owner?: string;
  /** KMS key that encrypts what is put: id, ARN or alias. @default the bucket's own encryption */
  readonly kmsKey?: string;
  /** Requests at once, at most. @default 64 */
  readonly parallel?: number;
  /**
   * Milliseconds that a connection may take, then the answer's first byte (beside the time of sending, at 64 KB/s), then each following one.
   * @default 15_000
   */
  readonly timeoutMs?: number;
  /** How often a request is sent that gets no answer, or one that may be another one later. @default 6 */
  readonly attempts?: number;
}

/**
 * Keeps the payload-store contract in a bucket of Amazon S3: an object for each key, below a prefix. Several processes may share a place.
 *
 * A conditional put whose answer is lost is asked after: what it gives is what happened, also when others have put over it by
 * compare-and-set since. Only when it was replaced without a condition, or deleted, in that moment does it give `stored: false` though it
 * had been there.
 */
export class S3PayloadStore implements PayloadStore {
  readonly traits: PayloadStoreTraits = { compress: true, flushMs: 700, streamAboveBytes: PART_BYTES };
  readonly locator: StoreLocator;
  readonly #calls: S3Calls;
  readonly #kmsKey: string | undefined;
  readonly #open: OpenCalls;

  private constructor(calls: S3Calls, kmsKey: string | undefined) {
    const { bucket, prefix, owner } = calls.location;
    this.locator = { kind: "s3", bucket, prefix, region: calls.region, owner: owner ?? "-" };
    this.#calls = calls;
    this.#kmsKey = kmsKey;
    this.#open = new OpenCalls(`the store in s3://${bucket}`);
  }

  /**
   * Opens a store and asks for one object of it: whether the bucket is there, in this region, of this owner, and may be listed.
   * @throws {AdapterError} `config`, `denied`, `unavailable`
   */
  static async open(
    options: S3PayloadStoreOptions,
    host: Pick<HostServices, "clock" | "log">,
  ): Promise<S3PayloadStore> {
    const { region, kmsKey } = options;
    const limits = {
      parallel: options.parallel ?? DEFAULT_PARALLEL,
      timeoutMs: options.timeoutMs ?? DEFAULT_TIMEOUT_MS,
      attempts: options.attempts ?? DEFAULT_ATTEMPTS,
    };
    const calls = await S3Calls.open(s3Location(options), { region, ...limits }, host.clock, host.log);
    try {
      await checkBucket(calls);
    } catch (reason) {
      calls.close();
      throw reason;
    }
    return new S3PayloadStore(calls, kmsKey);
  }

  async put(
    key: string,
    body: Body,
    options?: AbortOptions & { readonly if?: "absent" | { readonly etag: string } },
  ): Promise<PutOutcome> {
    return await this.#run(key, options, async () => {
      const version = typeof options?.if === "object" ? parseVersion(options.if.etag) : undefined;
      if (typeof options?.if === "object" && version === undefined) return { stored: false };
      const condition = options?.if === "absent" ? "absent" : version;
      const terms = { condition, marks: newMarks(version), kmsKey: this.#kmsKey } as const;
      if (bodySize(body) > PART_BYTES) return await multipartPut(this.#calls, key, body, terms, options);
      return await putObject(this.#calls, key, await onePiece(body, options), terms, options);
    });
  }

  async get(
    key: string,
    options?: AbortOptions & {
      readonly range?: { readonly start: number; readonly end: number };
      readonly maxBytes?: number;
    },
  ): Promise<GotObject | undefined> {
    const maxBytes = options?.maxBytes ?? DEFAULT_MAX_BYTES;
    return await this.#run(key, options, () => getObject(this.#calls, key, options?.range, maxBytes, options));
  }

  async *list(prefix: string, options?: AbortOptions): AsyncGenerator<StoredObject, void, undefined> {
    this.#open.assertOpen();
    options?.signal?.throwIfAborted();
    assertPrefix(prefix);
    const objects = listObjects(this.#calls, prefix, options);
    while (true) {
      const next = await this.#open.run(() => objects.next());
      if (next.done) return;
      yield next.value;
    }
  }

  async delete(keys: readonly string[], options?: AbortOptions): Promise<void> {
    await this.#open.run(async () => {
      options?.signal?.throwIfAborted();
      for (const key of keys) assertKey(key);
      await deleteObjects(this.#calls, keys, options);
    });
  }

  /** Waits for what is under way, but not for a service that does not answer. */
  async [Symbol.asyncDispose](): Promise<void> {
    const quiet = new AbortController();
    void this.#calls.closeIn(CLOSE_MS, quiet);
    try {
      await this.#open.close(async () => this.#calls.close());
    } finally {
      quiet.abort();
    }
  }

  async #run<T>(key: string, options: AbortOptions | undefined, work: () => Promise<T>): Promise<T> {
    return await this.#open.run(async () => {
      options?.signal?.throwIfAborted();
      assertKey(key);
      return await work();
    });
  }
}

async function onePiece(body: Body, options?: AbortOptions): Promise<Uint8Array> {
  if (body instanceof Uint8Array) return body;
  const size = bodySize(body);
  for await (const part of bodyParts(bodyPieces(body, options), Math.max(size, 1), size)) return part;
  throw new AdapterError("internal", "a body without an end");
}
