import type { Kernel } from "./kernel.ts";

/**
 * An assignment as the simulator sees it: a task that reached one of our workers.
 *
 * | state | meaning |
 * |---|---|
 * | `open` | the scheduler waits for an answer, as far as the manager can know |
 * | `canceled` | the manager confirmed a cancel |
 * | `proven` | an echo proved that the scheduler handled the result |
 * | `left` | the worker left, and the task with it |
 */
export interface Claim {
  readonly worker: string;
  readonly taskId: string;
  /** Which scheduler process assigned it. */
  readonly epoch: number;
  state: "open" | "canceled" | "proven" | "left";
  /** When it was confirmed as canceled, or the worker left. */
  endedAt: number;
  /** The connection on which the result went out last; 0: none. */
  sentOn: number;
  sentSeq: number;
  /** The scheduler has taken the result. */
  handled: boolean;
}

/** Who was answered what, and how often: I1, and what proves that a result was handled. One for each manager process. */
export class Claims {
  readonly #kernel: Kernel;
  readonly #byWorker = new Map<string, Map<string, Claim>>();
  readonly #latest = new Map<string, Claim>();
  /** Sent and not proven, in order, for each connection. */
  readonly #unproven = new Map<number, Claim[]>();
  /** Cancels without an answer, by connection and task; whether each is forced. */
  readonly #cancels = new Map<string, boolean[]>();

  constructor(kernel: Kernel) {
    this.#kernel = kernel;
  }

  /** The last assignment of a task to this manager. */
  latest(taskId: string): Claim | undefined {
    return this.#latest.get(taskId);
  }

  get(worker: string, taskId: string): Claim | undefined {
    return this.#byWorker.get(worker)?.get(taskId);
  }

  /** A task reached the manager. */
  received(worker: string, taskId: string, epoch: number): void {
    let claims = this.#byWorker.get(worker);
    if (claims === undefined) {
      claims = new Map();
      this.#byWorker.set(worker, claims);
    }
    const claim: Claim = {
      worker,
      taskId,
      epoch,
      state: "open",
      endedAt: Number.POSITIVE_INFINITY,
      sentOn: 0,
      sentSeq: 0,
      handled: false,
    };
    claims.set(taskId, claim);
    this.#latest.set(taskId, claim);
  }

  cancelReceived(session: number, taskId: string, force: boolean): void {
    const key = `${session} ${taskId}`;
    this.#cancels.set(key, [...(this.#cancels.get(key) ?? []), force]);
  }

  /** A cancel was answered. */
  confirmed(worker: string, session: number, taskId: string, answer: string): void {
    const key = `${session} ${taskId}`;
    const open = this.#cancels.get(key) ?? [];
    const force = open.shift();
    if (open.length === 0) this.#cancels.delete(key);
    if (force === undefined) this.#kernel.fail("I1", `${taskId}: ${answer} answers no cancel of this connection`);
    if (force === false && answer === "canceled") this.#kernel.seen("balance cancel answered canceled");
    if (force === false && answer === "cancelFailed") this.#kernel.seen("balance cancel answered cancelFailed");
    const claim = this.get(worker, taskId);
    if (answer !== "canceled" || claim?.state !== "open") return;
    claim.state = "canceled";
    claim.endedAt = this.#kernel.now;
  }

  /** A result goes out, with its logs before it. */
  sent(worker: string, session: number, seq: number, taskId: string, logs: boolean): void {
    const claim = this.get(worker, taskId);
    if (claim === undefined) {
      this.#kernel.fail("I1", `${worker} answers ${taskId}, which it was never given`);
      return;
    }
    // What is proven may go out once more on another connection: an echo does not say which heartbeat it answers, so the manager may doubt it.
    if (claim.state === "canceled" || claim.state === "left")
      this.#kernel.fail("I1", `result of ${taskId} sent by ${worker} though it is ${claim.state}`);
    if (claim.sentOn === session) this.#kernel.fail("I1", `result of ${taskId} sent twice on one connection`);
    if (logs && claim.sentOn !== 0) this.#kernel.fail("I1", `logs of ${taskId} sent after a result of it`);
    if (claim.sentOn !== 0) this.#kernel.seen("result sent again after a break");
    claim.sentOn = session;
    claim.sentSeq = seq;
    const unproven = this.#unproven.get(session);
    if (unproven === undefined) this.#unproven.set(session, [claim]);
    else unproven.push(claim);
  }

  /** An echo of heartbeat `seq` reached the manager: what was sent before that heartbeat is proven. */
  echoed(session: number, seq: number): void {
    const unproven = this.#unproven.get(session);
    if (unproven === undefined) return;
    let count = 0;
    for (const claim of unproven) {
      if (claim.sentOn === session && claim.sentSeq > seq) break;
      count += 1;
      if (claim.sentOn === session && claim.state === "open") claim.state = "proven";
    }
    unproven.splice(0, count);
  }

  /** A worker says goodbye on this connection. */
  leaving(worker: string, session: number): void {
    for (const key of this.#cancels.keys()) {
      if (key.startsWith(`${session} `)) this.#kernel.fail("I1", `${worker} leaves with a cancel unanswered: ${key}`);
    }
    for (const claim of this.#byWorker.get(worker)?.values() ?? []) {
      // What is proven may go out once more on another connection: an echo does not say which heartbeat it answers, so the manager may doubt it.
      if (claim.state === "canceled" || claim.state === "left") continue;
      claim.state = "left";
      claim.endedAt = this.#kernel.now;
    }
  }

  /** Open assignments of a worker. */
  open(worker: string): readonly Claim[] {
    return [...(this.#byWorker.get(worker)?.values() ?? [])].filter((claim) => claim.state === "open");
  }
}
