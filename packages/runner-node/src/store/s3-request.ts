import { createHash } from "node:crypto";
import { monotonicMs } from "../messages/clock.ts";
import { RunnerError } from "../runner-error.ts";
import { RUNNER_VERSION } from "../versions.ts";
import { Credentials } from "./credentials.ts";
import { type Answer, Unanswered } from "./http-client.ts";
import { pause } from "./pause.ts";
import { errorCode, explain, isExpired, mayPass } from "./s3-answer.ts";
import type { S3Place } from "./s3-place.ts";
import { type AccessKeys, authorization, EMPTY_SHA256 } from "./sign.ts";
import { assertKey } from "./store.ts";

/** One call of S3. */
export interface S3Call {
  readonly method: "GET" | "PUT" | "POST" | "DELETE";
  readonly key: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly pieces?: readonly Uint8Array[];
  readonly query?: string;
  /** Statuses that are an answer. @default 200 */
  readonly accept?: readonly number[];
  /** Most bytes of the answer. @default 1 MiB */
  readonly most?: number;
  /** @default 100 */
  readonly tries?: number;
}

const READ_MS = 60_000;
const TRIES = 100;
const MIB = 1 << 20;

/** Sends signed requests to a bucket, again where that may help. */
export class S3Requests {
  readonly place: S3Place;
  readonly #credentials: Credentials;
  #writeMs = READ_MS;
  #untilMs = Number.POSITIVE_INFINITY;
  /** How far the service's clock is ahead of ours, in milliseconds. */
  #aheadMs = 0;

  constructor(place: S3Place, credentials: Credentials = new Credentials()) {
    this.place = place;
    this.#credentials = credentials;
  }

  /** See `Store.hurry`. */
  hurry(ms: number): void {
    this.#untilMs = Math.min(this.#untilMs, monotonicMs() + ms);
  }

  /** See `Store.patience`. */
  patience(ms: number): void {
    this.#writeMs = ms;
  }

  /** See `Store.prepare`. */
  prepare(): void {
    this.place.client.prepare();
    const sign = (keys: AccessKeys) =>
      authorization({ method: "PUT", path: "/", query: "", headers: this.#dated() }, keys, this.place.region);
    this.#credentials
      .keys()
      .then(sign)
      .catch(() => undefined);
  }

  /** Whether there is time for another try. */
  get late(): boolean {
    return monotonicMs() > this.#untilMs;
  }

  /** The answer to a call, and after how many tries it came. @throws {RunnerError} `store`, `corrupt` */
  async call(call: S3Call): Promise<Answer & { readonly tries: number }> {
    const { method, key, pieces = [], accept = [200], tries = TRIES } = call;
    assertKey(key);
    const verb = method === "GET" ? "read" : "write";
    const endMs = monotonicMs() + (method === "GET" ? READ_MS : this.#writeMs);
    const digest = digestOf(pieces);
    const mended = new Set<string>();
    for (let n = 1; ; n += 1) {
      let reason: string;
      try {
        const answer = await this.#once(call, digest);
        const code = errorCode(answer);
        const fine = accept.includes(answer.status) && (code === undefined || answer.status >= 300);
        if (fine && (answer.short === undefined || method === "GET")) return { ...answer, tries: n };
        reason = fine ? (answer.short ?? "") : `status ${answer.status}${code === undefined ? "" : ` ${code}`}`;
        if (!fine && !this.#mayRepeat(answer, code, mended)) {
          throw new RunnerError("store", explain(this.place, verb, key, answer, code));
        }
      } catch (cause) {
        if (!(cause instanceof Unanswered)) throw cause;
        reason = cause.message;
      }
      const leftMs = Math.min(this.#untilMs, endMs) - monotonicMs();
      if (n >= tries || leftMs <= 0) {
        throw new RunnerError("store", `cannot ${verb} ${key}: ${reason}, tried ${n === 1 ? "once" : `${n} times`}`);
      }
      await pause(n, Math.min(5_000, leftMs));
    }
  }

  async #once(call: S3Call, digest: string): Promise<Answer> {
    const { method, key, headers = {}, pieces = [], query = "", most = MIB } = call;
    const { client, before, region, owner } = this.place;
    const keys = await this.#credentials.keys();
    const path = `${before}${key}`;
    const signed = {
      host: client.host,
      "x-amz-content-sha256": digest,
      ...this.#dated(),
      ...headers,
      ...(keys.sessionToken !== undefined && { "x-amz-security-token": keys.sessionToken }),
      ...(owner !== "-" && { "x-amz-expected-bucket-owner": owner }),
    };
    const size = pieces.reduce((sum, piece) => sum + piece.length, 0);
    return await client.request({
      method,
      target: query === "" ? path : `${path}?${query}`,
      headers: {
        ...signed,
        "user-agent": `scaler-runner-node/${RUNNER_VERSION}`,
        authorization: authorization({ method, path, query, headers: signed }, keys, region),
        ...(method === "PUT" || method === "POST" ? { "content-length": String(size) } : {}),
      },
      pieces,
      most,
    });
  }

  #dated(): { readonly "x-amz-date": string } {
    return { "x-amz-date": new Date(Date.now() + this.#aheadMs).toISOString().replaceAll(/[-:]|\.\d+/g, "") };
  }

  #mayRepeat(answer: Answer, code: string | undefined, mended: Set<string>): boolean {
    if (mayPass(answer.status, code)) return true;
    if (isExpired(code) && !mended.has("keys")) {
      mended.add("keys");
      return this.#credentials.reject();
    }
    const date = Date.parse(String(answer.headers.date));
    if (code !== "RequestTimeTooSkewed" || mended.has("clock") || Number.isNaN(date)) return false;
    mended.add("clock");
    this.#aheadMs = date - Date.now();
    return true;
  }
}

function digestOf(pieces: readonly Uint8Array[]): string {
  if (pieces.length === 0) return EMPTY_SHA256;
  const hash = createHash("sha256");
  for (const piece of pieces) hash.update(piece);
  return hash.digest("hex");
}
