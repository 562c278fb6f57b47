import type { SourceId, WorkerId } from "../core/ids.ts";
import type { SchedulerLink, TaskAnswer } from "../ports.ts";
import type { ShellHost } from "./host.ts";
import type { Links } from "./links.ts";

/** How long a result may wait for those that are being stored beside it, in milliseconds. */
const GATHER_MS = 2;
/** Results of one message at most. */
const MOST = 256;

/** A result that is stored, and what is to be said of it. */
export interface StoredAnswer {
  readonly answer: TaskAnswer;
  readonly delivery: number;
  readonly worker: WorkerId;
  readonly session: number;
  readonly source: SourceId;
  /** Says what the task printed, where its client asked for it; called right before the result is sent. */
  readonly sendLogs: ((link: SchedulerLink) => void) | undefined;
  /** Read when the result is about to be sent. */
  readonly state: { readonly abandoned: boolean };
}

/**
 * Tells the scheduler of stored results, those of one moment together: it takes one announcement of many objects for little more than one of
 * one, and each message costs it more than it costs us. A result that nothing is stored beside goes at once.
 */
export class Answers {
  readonly #host: ShellHost;
  readonly #links: Pick<Links, "link">;
  #waiting: StoredAnswer[] = [];
  #sent = Promise.withResolvers<void>();
  #timed = false;

  constructor(host: ShellHost, links: Pick<Links, "link">) {
    this.#host = host;
    this.#links = links;
  }

  /**
   * Sends a result now, with those that wait, or in a moment. Answers by `delivered`, unless it was abandoned or its session ended.
   * @param more others are on their way to be stored
   */
  add(answer: StoredAnswer, more: boolean): Promise<void> {
    const sent = this.#sent.promise;
    this.#waiting.push(answer);
    if (!more || this.#waiting.length >= MOST) this.#send();
    else if (!this.#timed) void this.#sendSoon();
    return sent;
  }

  async #sendSoon(): Promise<void> {
    this.#timed = true;
    // At the end of the engine nothing is sent any more; whoever waits is let go.
    await this.#host.clock.sleep(GATHER_MS, { signal: this.#host.signal }).catch(() => {});
    this.#timed = false;
    this.#send();
  }

  #send(): void {
    const { resolve } = this.#sent;
    const waiting = this.#waiting;
    this.#waiting = [];
    this.#sent = Promise.withResolvers();
    // A session is of one worker; an announcement names one client.
    for (const group of Map.groupBy(waiting, ({ session, source }) => `${session} ${source}`).values())
      this.#tell(group);
    resolve();
  }

  #tell(group: readonly StoredAnswer[]): void {
    const answers = group.filter(({ state }) => !state.abandoned);
    const [first] = answers;
    if (first === undefined) return;
    const link = this.#links.link(first.worker, first.session);
    if (link === undefined) return;
    let failure: string | undefined;
    try {
      for (const { sendLogs } of answers) sendLogs?.(link);
      link.send({ type: "results", source: first.source, results: answers.map(({ answer }) => answer) });
    } catch (reason) {
      failure = reason instanceof Error ? reason.message : String(reason);
      this.#host.log.warn("results could not be sent", {
        worker: first.worker,
        count: answers.length,
        reason: failure,
      });
    }
    for (const { delivery } of answers) this.#host.tell({ type: "delivered", delivery, failure });
  }
}
