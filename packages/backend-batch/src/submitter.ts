import { AdapterError, type Clock, type Log } from "@scaler-aws-hpc/adapter-core";
import { classifyAwsFailure, fromAws } from "./aws-failure.ts";
import type { BatchApi, SubmitJobRequest } from "./batch-api.ts";
import type { CallGate } from "./call-gate.ts";
import type { JobFinder } from "./job-finder.ts";

/** What a {@link Submitter} works with. */
export interface SubmitterParts {
  readonly api: BatchApi;
  readonly gate: CallGate;
  readonly finder: JobFinder;
  readonly clock: Clock;
  readonly log: Log;
  /** How long a submitted job may stay invisible, in milliseconds. */
  readonly visibilityMs: number;
  /** Aborted when the backend closes: ends what waits between requests. */
  readonly signal: AbortSignal;
}

/** How a submit ended. */
export interface Submitted {
  readonly id: string;
  /** The request was sent more than once, so a twin may still turn up. */
  readonly twinPossible: boolean;
}

/** Thrown by {@link Submitter.submit} when nobody wanted the job any more before its request left. */
export const UNWANTED = new Error("nobody waits for this submit any more");

/** Thrown when the outcome of a submit could not be found out: the job may exist. */
export class UnknownOutcome extends Error {
  override readonly name = "UnknownOutcome";
  readonly failure: unknown;

  constructor(failure: unknown) {
    super("the outcome of a submit is not known");
    this.failure = failure;
  }
}

const TRIES = 4;
const REST_MS = 500;
/** When a job is looked for after a request whose outcome is not known, as shares of the visibility delay. */
const LOOKS = [0.2, 0.5, 1];

/**
 * Sends SubmitJob, which has no token that would make it safe to repeat. The name is that token: after a request whose outcome nobody knows (no answer in time, a
 * broken connection, a failing service) the job is looked for by name as long as it may take to become visible, and only then sent again.
 */
export class Submitter {
  readonly #parts: SubmitterParts;

  constructor(parts: SubmitterParts) {
    this.#parts = parts;
  }

  /**
   * @param doubtful an earlier submit of this name ended without an outcome
   * @param wanted asked right before the request leaves
   * @throws {AdapterError} when there is no job; {@link UnknownOutcome} when there may be one; {@link UNWANTED}
   */
  async submit(request: SubmitJobRequest, doubtful: boolean, wanted: () => boolean): Promise<Submitted> {
    const { api, gate, clock, log, signal } = this.#parts;
    let unknown = doubtful;
    let last: unknown = new AdapterError("unavailable", "SubmitJob had no outcome");
    for (let tries = 1; tries <= TRIES; tries += 1) {
      if (unknown) {
        const id = await this.#find(request, last);
        if (id !== undefined) return { id, twinPossible: tries > 1 || doubtful };
      }
      try {
        const send = (): Promise<string | undefined> => {
          if (!wanted()) throw UNWANTED;
          return api.submit(request);
        };
        const id = await gate.once({ priority: "submit", run: send });
        if (id !== undefined) return { id, twinPossible: unknown };
        throw new Error("SubmitJob was answered without a job id");
      } catch (reason) {
        if (reason === UNWANTED && !unknown) throw reason;
        const kind = reason === UNWANTED ? "transient" : classifyAwsFailure(reason);
        last = fromAws(reason, "batch:SubmitJob", `submitting ${request.jobName}`);
        if (kind === "unreachable") await clock.sleep(REST_MS * tries, { signal });
        else if (kind === "transient") {
          unknown = true;
          log.warn("a submit had no outcome; looking for its job by name", {
            job: request.jobName,
            reason: String(reason),
          });
        } else throw unknown ? new UnknownOutcome(last) : last;
      }
    }
    throw unknown ? new UnknownOutcome(last) : last;
  }

  async #find(request: SubmitJobRequest, last: unknown): Promise<string | undefined> {
    const { finder, clock, visibilityMs, signal } = this.#parts;
    let waited = 0;
    try {
      for (const share of LOOKS) {
        await clock.sleep(share * visibilityMs - waited, { signal });
        waited = share * visibilityMs;
        const [found] = await finder.byName(request.jobName ?? "", [request.jobQueue ?? ""], "submit");
        if (found !== undefined) return found.id;
      }
      return undefined;
    } catch (reason) {
      throw new UnknownOutcome(reason ?? last);
    }
  }
}
