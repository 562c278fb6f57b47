import { randomUUID } from "node:crypto";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { flat, readBody } from "./body.ts";
import { Bucket } from "./bucket.ts";
import { nameCall, type S3Answer, type S3Call, type S3Operation } from "./call.ts";
import { S3Counters, type S3Counts } from "./counters.ts";
import { type S3Fault, type S3FaultRule, S3Faults } from "./faults.ts";
import { S3Refusal } from "./s3-refusal.ts";
import { verifySignature } from "./signature.ts";
import { element } from "./xml.ts";

/** What the fake is like. */
export interface FakeS3Options {
  /** Buckets that are there. @default ["emulator-bucket"] */
  readonly buckets?: readonly string[];
  /** The account that owns them. @default "123456789012" */
  readonly owner?: string;
  /** @default "us-east-1" */
  readonly region?: string;
  /** Milliseconds that each request takes longer. @default 0 */
  readonly latencyMs?: number;
  /** Bytes that each part of an upload has to have, the last excepted. @default 5 MiB, as S3 */
  readonly leastPartBytes?: number;
  /** Secrets by access key: signatures of these keys are verified, those of others are only there. @default none */
  readonly secrets?: Readonly<Record<string, string>>;
  /** What an access key may do, by its operations; one that is not named here may do all. @default none */
  readonly permissions?: Readonly<Record<string, readonly S3Operation[]>>;
  readonly faults?: readonly S3FaultRule[];
  /** Seed of the faults that are left to chance. @default 1 */
  readonly seed?: number;
  /** @default a free one */
  readonly port?: number;
}

const REFUSALS: Readonly<Partial<Record<S3Fault, S3Refusal>>> = {
  "slow-down": new S3Refusal("SlowDown", 503, "Please reduce your request rate."),
  "internal-error": new S3Refusal("InternalError", 500, "We encountered an internal error. Please try again."),
  conflict: new S3Refusal("ConditionalRequestConflict", 409, "A conflicting conditional operation is in progress."),
  "access-denied": new S3Refusal("AccessDenied", 403, "Access Denied"),
  "expired-token": new S3Refusal("ExpiredToken", 400, "The provided token has expired."),
};

/** An S3 in memory that speaks HTTP: what the project uses of it, strictly; everything else is refused. */
export class FakeS3 implements AsyncDisposable {
  readonly endpoint: string;
  /** Milliseconds that each request takes longer; may be changed at any time. */
  latencyMs: number;
  readonly faults: S3Faults;
  readonly #buckets = new Map<string, Bucket>();
  readonly #counters = new S3Counters();
  readonly #server: Server;
  readonly #options: Required<Pick<FakeS3Options, "owner" | "region" | "leastPartBytes" | "secrets" | "permissions">>;

  private constructor(server: Server, options: FakeS3Options) {
    this.#server = server;
    this.#options = {
      owner: options.owner ?? "123456789012",
      region: options.region ?? "us-east-1",
      leastPartBytes: options.leastPartBytes ?? 5 * 1024 * 1024,
      secrets: options.secrets ?? {},
      permissions: options.permissions ?? {},
    };
    this.endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    this.latencyMs = options.latencyMs ?? 0;
    this.faults = new S3Faults(options.seed ?? 1, options.faults);
    for (const name of options.buckets ?? ["emulator-bucket"]) this.createBucket(name);
    server.on("request", (request, response) => void this.#serve(request, response));
  }

  static async start(options: FakeS3Options = {}): Promise<FakeS3> {
    const server = createServer({ keepAliveTimeout: 60_000 });
    await new Promise<void>((resolve, reject) => {
      server.once("error", reject);
      server.listen({ port: options.port ?? 0, host: "127.0.0.1", backlog: 1_024 }, resolve);
    });
    return new FakeS3(server, options);
  }

  createBucket(name: string): void {
    const { owner, region, leastPartBytes } = this.#options;
    if (!this.#buckets.has(name))
      this.#buckets.set(name, new Bucket(name, { owner, region, leastPart: leastPartBytes }));
  }

  /** Requests since the start, or since the last {@link resetCounts}. Refused ones count too: S3 bills them. */
  counts(): S3Counts {
    return this.#counters.all;
  }

  countsByCaller(): Readonly<Record<string, S3Counts>> {
    return this.#counters.byCaller;
  }

  countsOf(key: string): S3Counts {
    return this.#counters.of(key);
  }

  resetCounts(): void {
    this.#counters.reset();
  }

  /** Keys of all buckets, or of one. */
  keys(prefix = "", bucket?: string): readonly string[] {
    const buckets = bucket === undefined ? [...this.#buckets.values()] : [this.#bucket(bucket)];
    return buckets.flatMap(({ objects }) => objects.keys(prefix));
  }

  /** Keys whose upload in parts is neither complete nor aborted. */
  openUploads(): readonly string[] {
    return [...this.#buckets.values()].flatMap(({ uploads }) => uploads.open());
  }

  get(bucket: string, key: string): Buffer | undefined {
    return this.#bucket(bucket).objects.get(key)?.bytes;
  }

  /** Stores an object behind everybody's back. */
  put(bucket: string, key: string, bytes: Uint8Array): void {
    this.#bucket(bucket).objects.put(key, Buffer.from(bytes));
  }

  delete(bucket: string, key: string): boolean {
    return this.#bucket(bucket).objects.delete(key);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const closed = new Promise((resolve) => this.#server.close(resolve));
    this.#server.closeAllConnections();
    await closed;
  }

  #bucket(name: string): Bucket {
    const bucket = this.#buckets.get(name);
    if (bucket === undefined) throw new S3Refusal("NoSuchBucket", 404, "The specified bucket does not exist");
    return bucket;
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const headers = flat(request);
    const caller = /Credential=([^/]+)\//.exec(headers["authorization"] ?? "")?.[1] ?? "";
    response.setHeader("x-amz-request-id", randomUUID().slice(0, 16).toUpperCase());
    let fault: S3Fault | undefined;
    let answer: S3Answer;
    try {
      const url = new URL(request.url ?? "/", this.endpoint);
      const named = nameCall(request.method ?? "", url, headers["host"] ?? "");
      this.#counters.add(named.operation, named.key, caller);
      verifySignature({ method: request.method ?? "", target: request.url ?? "/", headers }, this.#options.secrets);
      const { bytes } = await readBody(request);
      if (this.latencyMs > 0) await sleep(this.latencyMs);
      fault = this.faults.pick(named.operation, named.key, caller);
      const refusal = fault === undefined ? undefined : REFUSALS[fault];
      if (refusal !== undefined) throw refusal;
      if (fault === "stall") return;
      if (fault === "lost-request") return void request.socket.destroy();
      answer = this.#answer({ ...named, headers, body: bytes }, caller);
    } catch (reason) {
      if (request.destroyed && !request.complete) return;
      answer = refuse(reason);
    }
    if (fault === "lost-response") return void request.socket.destroy();
    const body = typeof answer.body === "string" ? Buffer.from(answer.body) : answer.body;
    response.writeHead(answer.status, {
      ...(body === undefined && answer.headers?.["content-length"] === undefined ? { "content-length": "0" } : {}),
      ...(body === undefined ? {} : { "content-length": String(body.length) }),
      ...answer.headers,
    });
    if (request.method === "HEAD" || body === undefined) return void response.end();
    if (fault !== "truncated") return void response.end(body);
    response.write(body.subarray(0, Math.floor(body.length / 2)), () => request.socket.destroy());
  }

  #answer(call: S3Call, caller: string): S3Answer {
    if (caller === "" && !call.query.has("X-Amz-Signature"))
      throw new S3Refusal("AccessDenied", 403, "Access Denied: the request is not signed");
    if (call.operation === "CreateBucket") {
      this.createBucket(call.bucket);
      return { status: 200, headers: { location: `/${call.bucket}` } };
    }
    const denied = new S3Refusal("AccessDenied", 403, "Access Denied");
    const allowed = this.#options.permissions[caller];
    if (allowed?.includes(call.operation) === false) throw denied;
    try {
      return this.#bucket(call.bucket).answer(call);
    } catch (reason) {
      // Who may not list is not told that a key is absent.
      const absent = reason instanceof S3Refusal && reason.code === "NoSuchKey";
      throw absent && allowed?.includes("ListObjectsV2") === false ? denied : reason;
    }
  }
}

function refuse(reason: unknown): S3Answer {
  const refusal =
    reason instanceof S3Refusal ? reason : new S3Refusal("InternalError", 500, `the fake failed: ${String(reason)}`);
  return {
    status: refusal.status,
    headers: { "content-type": "application/xml", ...refusal.headers },
    body: `<?xml version="1.0" encoding="UTF-8"?>\n<Error>${element("Code", refusal.code)}${element("Message", refusal.message)}</Error>`,
  };
}
