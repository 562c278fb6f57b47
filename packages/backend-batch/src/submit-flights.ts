import { type AbortOptions, type JobName, untilAborted } from "@scaler-aws-hpc/adapter-core";
import type { SubmitJobRequest } from "./batch-api.ts";
import { type Submitted, type Submitter, UNWANTED, UnknownOutcome } from "./submitter.ts";

interface Flight {
  readonly done: Promise<void>;
  waiting: number;
  dropped: boolean;
}

/** One submit at a time for each name. It goes on when its caller gives up: then nothing is sent, or the job becomes known. */
export class SubmitFlights {
  readonly #submitter: Submitter;
  readonly #signal: AbortSignal;
  readonly #flights = new Map<JobName, Flight>();
  /** Names whose last submit had no outcome. */
  readonly #doubtful = new Set<JobName>();

  /** @param signal nothing is sent any more once it aborts */
  constructor(submitter: Submitter, signal: AbortSignal) {
    this.#submitter = submitter;
    this.#signal = signal;
  }

  /**
   * Submits, or joins the submit of this name that is under way.
   * @param landed called once, when the job is there
   */
  async submit(request: SubmitJobRequest, landed: (outcome: Submitted) => void, options?: AbortOptions): Promise<void> {
    const old = this.#flights.get(request.jobName ?? "");
    const flight = old === undefined || old.dropped ? this.#start(request, landed) : old;
    flight.waiting += 1;
    try {
      await untilAborted(flight.done, options?.signal);
    } finally {
      flight.waiting -= 1;
    }
  }

  /** Resolves when no submit of this name, or of any, is under way, however it ended. */
  async settled(name?: JobName, options?: AbortOptions): Promise<void> {
    const flights = name === undefined ? [...this.#flights.values()] : [this.#flights.get(name)];
    await untilAborted(Promise.allSettled(flights.map((flight) => flight?.done)), options?.signal);
  }

  #start(request: SubmitJobRequest, landed: (outcome: Submitted) => void): Flight {
    const name = request.jobName ?? "";
    const run = async (): Promise<void> => {
      try {
        const wanted = (): boolean => {
          flight.dropped = flight.waiting === 0 || this.#signal.aborted;
          return !flight.dropped;
        };
        const outcome = await this.#submitter.submit(request, this.#doubtful.has(name), wanted);
        this.#doubtful.delete(name);
        landed(outcome);
      } catch (reason) {
        if (reason === UNWANTED) return this.#signal.throwIfAborted();
        if (!(reason instanceof UnknownOutcome)) throw reason;
        this.#doubtful.add(name);
        throw reason.failure;
      } finally {
        if (this.#flights.get(name) === flight) this.#flights.delete(name);
      }
    };
    // One turn later: the caller counts as waiting by then.
    const flight: Flight = { done: Promise.resolve().then(run), waiting: 0, dropped: false };
    flight.done.catch(() => undefined);
    this.#flights.set(name, flight);
    return flight;
  }
}
