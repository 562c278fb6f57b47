import type { Connection } from "../transport/connection.ts";

/** Times that a probe may go unanswered before a link counts as dead. */
const SILENT_TICKS = 3;

/**
 * Tells a storage that has nothing to say (a missing object is awaited) from one that is gone without a word.
 *
 * Counts ticks without a byte in either direction; at the first such tick a probe is sent, after {@link SILENT_TICKS} more the link is given
 * up. Ticks, not time: a process that was stopped for a minute has missed ticks, not answers.
 */
export class LinkWatch {
  readonly #connection: Connection;
  readonly #timer: NodeJS.Timeout;
  #received = 0;
  #buffered = 0;
  #quietTicks = 0;

  /**
   * @param waiting says whether an answer is awaited; an idle link is left alone
   * @param probe sends a request that is always answered
   * @param dead called once, when the link is given up
   */
  constructor(connection: Connection, tickMs: number, waiting: () => boolean, probe: () => void, dead: () => void) {
    this.#connection = connection;
    this.#timer = setInterval(() => {
      if (!waiting() || this.#moved()) {
        this.#quietTicks = 0;
        return;
      }
      this.#quietTicks += 1;
      if (this.#quietTicks === 1) probe();
      else if (this.#quietTicks > SILENT_TICKS) dead();
    }, tickMs);
  }

  /** True unless the link has been silent for a probe's time: what is missing now is missing at the storage. */
  get alive(): boolean {
    return this.#quietTicks <= 1;
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  #moved(): boolean {
    const { bytesReceived, bufferedBytes } = this.#connection;
    const moved = bytesReceived !== this.#received || bufferedBytes < this.#buffered;
    this.#received = bytesReceived;
    this.#buffered = bufferedBytes;
    return moved;
  }
}
