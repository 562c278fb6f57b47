import { randomInt } from "node:crypto";
import { type AbortOptions, type Clock, isAdapterError, type Log, RETRYABLE } from "@scaler-aws-hpc/adapter-core";
import { Gate } from "./gate.ts";
import { adapterError, codeOf, type S3Failure, s3Failure } from "./s3-failure.ts";
import type { S3Location } from "./s3-location.ts";
import { openS3Client, type S3Client, type S3Verbs } from "./s3-sdk.ts";

/** Slowest upload that is waited for, in bytes a millisecond. */
const SLOWEST = 64;
const FIRST_PAUSE_MS = 100;
const LONGEST_PAUSE_MS = 5_000;
// A race of many writers for one key: each round ends one of them.
const MOST_CONFLICTS = 30;

/** How requests are made. */
export interface S3CallsOptions {
  readonly region: string | undefined;
  /** Requests at once. */
  readonly parallel: number;
  /** Milliseconds for a connection, and then for the first byte of an answer beside the time of sending; between two bytes of one, too. */
  readonly timeoutMs: number;
  /** How often one request is sent, at most. */
  readonly attempts: number;
}

/** One request. */
export interface S3Request extends AbortOptions {
  /** For errors, as `put v1/in/m/job-1`. */
  readonly doing: string;
  /** The permission it needs. */
  readonly action: string;
  /** Size of its body. @default 0 */
  readonly bytes?: number;
  /** Answers that are no errors to the caller: {@link S3Calls.run} gives them back as {@link Refused}. */
  readonly expected?: (failure: S3Failure) => boolean;
  /** @default that of the options */
  readonly attempts?: number;
}

/** An answer that the caller expected. */
export class Refused {
  readonly failure: S3Failure;
  /** An earlier attempt got no clear answer: it may have been carried out. */
  readonly ambiguous: boolean;

  constructor(failure: S3Failure, ambiguous: boolean) {
    this.failure = failure;
    this.ambiguous = ambiguous;
  }
}

/** What the SDK's methods take beside their input. */
export interface SendOptions {
  readonly abortSignal?: AbortSignal;
  readonly requestTimeout: number;
}

/**
 * Sends requests: a bounded number at once, each with time-outs, those that may pass later again after a pause, errors in the contract's
 * words.
 */
export class S3Calls {
  readonly location: S3Location;
  readonly region: string;
  readonly #s3: S3Verbs;
  readonly #options: S3CallsOptions;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #gate: Gate;
  #wentWell = false;
  #closed = false;

  private constructor(client: S3Client, location: S3Location, options: S3CallsOptions, clock: Clock, log: Log) {
    this.#s3 = client.s3;
    this.region = client.region;
    this.location = location;
    this.#options = options;
    this.#clock = clock;
    this.#log = log;
    this.#gate = new Gate(options.parallel);
  }

  static async open(location: S3Location, options: S3CallsOptions, clock: Clock, log: Log): Promise<S3Calls> {
    const { region, parallel, timeoutMs } = options;
    const client = await openS3Client({ region, sockets: parallel, connectMs: timeoutMs, idleMs: timeoutMs });
    return new S3Calls(client, location, options, clock, log);
  }

  /** Name of the bucket and, where it is known, its owner: part of every request. */
  get place(): { Bucket: string; ExpectedBucketOwner?: string } {
    const { bucket, owner } = this.location;
    return owner === undefined ? { Bucket: bucket } : { Bucket: bucket, ExpectedBucketOwner: owner };
  }

  /** Sends a request until it has a clear answer. `send` is called once for each attempt. */
  async run<T>(request: S3Request, send: (s3: S3Verbs, options: SendOptions) => Promise<T>): Promise<T | Refused> {
    const { signal } = request;
    const attempts = request.attempts ?? this.#options.attempts;
    let ambiguous = false;
    let conflicts = 0;
    let era = 0;
    for (let attempt = 1; ; attempt += 1) {
      try {
        const value = await this.#gate.run(
          () => {
            era = this.#gate.era;
            return send(this.#s3, this.#sendOptions(request));
          },
          { signal },
        );
        this.#gate.well();
        this.#wentWell = true;
        return value;
      } catch (reason) {
        if (signal?.aborted) throw signal.reason;
        const failure = isAdapterError(reason) ? undefined : s3Failure(reason);
        if (failure === undefined) throw reason;
        if (request.expected?.(failure) === true) return new Refused(failure, ambiguous);
        // Whatever is no clear refusal: also an answer of success that broke off.
        ambiguous ||= failure.status < 400 || failure.status >= 500;
        const conflict = failure.name === "ConditionalRequestConflict" || failure.status === 409;
        if (conflict) conflicts += 1;
        const more =
          conflict && !this.#closed
            ? conflicts < MOST_CONFLICTS
            : attempt - conflicts < attempts && this.#passes(failure);
        if (!more) throw adapterError(failure, { ...request, ...this.location, region: this.region }, reason);
        if (codeOf(failure) === "throttled" || failure.status === 503) this.#slower(failure, era, request);
        await this.#pause(failure, attempt, request);
      }
    }
  }

  /** {@link run} for a request of which no refusal is expected. */
  async done<T>(request: S3Request, send: (s3: S3Verbs, options: SendOptions) => Promise<T>): Promise<T> {
    const outcome = await this.run(request, send);
    if (!(outcome instanceof Refused)) return outcome;
    throw adapterError(outcome.failure, { ...request, ...this.location, region: this.region }, undefined);
  }

  /** Ends the sockets, and with them what is under way; nothing is sent again. */
  close(): void {
    this.#closed = true;
    this.#s3.destroy();
  }

  /** {@link close} after that time, unless aborted before. */
  async closeIn(ms: number, { signal }: { readonly signal: AbortSignal }): Promise<void> {
    try {
      await this.#clock.sleep(ms, { signal });
    } catch {
      return;
    }
    this.close();
  }

  #sendOptions({ signal, bytes = 0 }: S3Request): SendOptions {
    const requestTimeout = this.#options.timeoutMs + Math.ceil(bytes / SLOWEST);
    return signal === undefined ? { requestTimeout } : { abortSignal: signal, requestTimeout };
  }

  /** Whether the same request may be answered otherwise. */
  #passes(failure: S3Failure): boolean {
    if (this.#closed) return false;
    const code = codeOf(failure);
    // Bytes that arrive damaged are fetched again; credentials that were there once come back.
    return RETRYABLE.has(code) || code === "corrupt" || (failure.name === "CredentialsProviderError" && this.#wentWell);
  }

  #slower({ name }: S3Failure, era: number, { action }: S3Request): void {
    const before = this.#gate.bound;
    this.#gate.slower(era);
    const { bound } = this.#gate;
    if (bound < before) this.#log.warn("S3 asks to slow down", { action, name, requestsAtOnce: bound });
  }

  async #pause(failure: S3Failure, attempt: number, { action, signal }: S3Request): Promise<void> {
    const { name, status } = failure;
    this.#log.debug("S3 request is sent again", { action, name, status, attempt });
    const most = Math.min(FIRST_PAUSE_MS * 2 ** (attempt - 1), LONGEST_PAUSE_MS);
    await this.#clock.sleep(randomInt(1, most + 1), { signal });
  }
}
