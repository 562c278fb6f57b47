import { AdapterError } from "../../contracts/adapter-error.ts";
import type { FailurePickleKind } from "../../formats/failure-pickle.ts";
import { frameBlob } from "../../formats/frame-decode.ts";
import { resultObjectId } from "../../formats/object-id.ts";
import type { DeliverySource, EngineEffect } from "../core/effect.ts";
import type { ObjectsPort, SchedulerLink, TaskProfile } from "../ports.ts";
import { Answers } from "./answers.ts";
import { backOffMs, STORAGE_BACK_OFF } from "./back-off.ts";
import type { ClientRunners } from "./client-runners.ts";
import type { FrameShelf } from "./frame-shelf.ts";
import { Gate } from "./gate.ts";
import type { ShellHost } from "./host.ts";
import type { Links } from "./links.ts";

type Delivery = Extract<EngineEffect, { type: "deliver" }>;

/** Results above this wait in a line of their own, so that no small one waits behind them. */
const BIG_BYTES = 256 * 1024;
const BIG_AT_ONCE = 8;
const SMALL_AT_ONCE = 256;
/** Above this the link's own queue is let drain first: a heartbeat must not stand behind more. */
const LINK_BYTES = 1024 * 1024;
const LOG_TEXT_BYTES = 1024 * 1024;

const KINDS: Readonly<Record<Extract<DeliverySource, { kind: "failure" }>["exception"], FailurePickleKind>> = {
  WorkerDiedError: "worker-died",
  TimeoutError: "timeout",
  MemoryError: "memory",
  RuntimeError: "runtime",
};

const NO_PROFILE: TaskProfile = { seconds: 0, peakBytes: 0, cpuSeconds: 0 };

interface Result {
  readonly status: "success" | "failed";
  readonly body: Uint8Array;
  readonly profile: TaskProfile;
  readonly out?: Uint8Array | undefined;
  readonly err?: Uint8Array | undefined;
}

/** Options of {@link Deliverer}. */
export interface DelivererOptions {
  readonly objects: ObjectsPort;
  readonly frames: FrameShelf;
  readonly links: Links;
  /** Knows in which language a client is told of failures. */
  readonly runners: ClientRunners;
  /** Bytes of big results on their way at once. */
  readonly maxBytes: number;
}

/** Brings results to object storage, then word of them to the scheduler. */
export class Deliverer {
  readonly #host: ShellHost;
  readonly #options: DelivererOptions;
  readonly #open = new Map<number, { abandoned: boolean }>();
  readonly #small = new Gate({ most: SMALL_AT_ONCE });
  readonly #big: Gate;
  readonly #answers: Answers;
  /** Results on their way to object storage. */
  #storing = 0;

  constructor(host: ShellHost, options: DelivererOptions) {
    this.#host = host;
    this.#options = options;
    this.#answers = new Answers(host, options.links);
    this.#big = new Gate({ most: BIG_AT_ONCE, mostBytes: options.maxBytes });
  }

  /** Answers by `delivered`, unless abandoned or the session ended: then the core knows already. */
  async deliver(effect: Delivery): Promise<void> {
    const state = { abandoned: false };
    this.#open.set(effect.delivery, state);
    const { from } = effect;
    const bytes = from.kind === "frame" ? this.#options.frames.length(from.key, from.task) : 0;
    const leave = await (bytes > BIG_BYTES ? this.#big.enter(bytes) : this.#small.enter());
    try {
      if (!state.abandoned) await this.#bring(effect, state);
    } finally {
      leave();
      if (this.#open.get(effect.delivery) === state) this.#open.delete(effect.delivery);
    }
  }

  /** Nothing of this delivery is sent from now on. */
  abandon(delivery: number): void {
    const state = this.#open.get(delivery);
    if (state !== undefined) state.abandoned = true;
  }

  async #bring(effect: Delivery, state: { readonly abandoned: boolean }): Promise<void> {
    const { tell, signal, log } = this.#host;
    const { delivery, worker, session, taskId, source } = effect;
    try {
      const result = await this.#result(effect);
      const objectId = resultObjectId(source, taskId);
      if (!(await this.#set(objectId, result.body, state))) return;
      let link = this.#options.links.link(worker, session);
      if (link !== undefined && link.bufferedBytes > LINK_BYTES) {
        // A link that ends meanwhile has told the core already.
        await link.drained({ signal }).catch(() => {});
        link = this.#options.links.link(worker, session);
      }
      if (state.abandoned || link === undefined) return;
      const { status, profile, body } = result;
      const answer = { taskId, status, objectId, objectBytes: body.length, profile };
      const logs = effect.logs ? (open: SchedulerLink) => sendLogs(open, taskId, result) : undefined;
      await this.#answers.add({ answer, delivery, worker, session, source, sendLogs: logs, state }, this.#storing > 0);
    } catch (reason) {
      if (signal.aborted || state.abandoned) return;
      const failure = reason instanceof Error ? reason.message : String(reason);
      log.warn("a result could not be delivered", { taskId, reason: failure });
      tell({ type: "delivered", delivery, failure });
    }
  }

  async #result({ from, source }: Delivery): Promise<Result> {
    if (from.kind === "failure") {
      const body = await this.#options.runners.failure(source, KINDS[from.exception], from.message);
      return { status: "failed", body, profile: NO_PROFILE };
    }
    const frame = await this.#options.frames.get(from.key);
    const result = frame?.results.find((one) => one.task === from.task);
    if (frame === undefined || result === undefined || result.status === "died") {
      throw new AdapterError("missing", `the result is not in the store any more (${from.key})`);
    }
    const { seconds, peakBytes, cpuSeconds, out, err } = result;
    const body = await frameBlob(frame, result, { signal: this.#host.signal });
    const status = result.status === "ok" ? "success" : "failed";
    return { status, body, profile: { seconds, peakBytes, cpuSeconds }, out, err };
  }

  /** Stores a result, however long that takes. False: abandoned meanwhile. */
  async #set(id: string, body: Uint8Array, state: { readonly abandoned: boolean }): Promise<boolean> {
    this.#storing += 1;
    try {
      return await this.#setAgain(id, body, state);
    } finally {
      this.#storing -= 1;
    }
  }

  async #setAgain(id: string, body: Uint8Array, state: { readonly abandoned: boolean }): Promise<boolean> {
    const { clock, log, random, signal } = this.#host;
    for (let failures = 0; !state.abandoned; ) {
      try {
        await this.#options.objects.set(id, body, { signal });
        return !state.abandoned;
      } catch (reason) {
        signal.throwIfAborted();
        failures += 1;
        if (failures === 1) log.warn("a result could not be stored; trying again", { reason: String(reason) });
        await clock.sleep(backOffMs(STORAGE_BACK_OFF, failures, random()), { signal });
      }
    }
    return false;
  }
}

function sendLogs(link: SchedulerLink, taskId: string, { out, err }: Result): void {
  const decoder = new TextDecoder();
  for (const [stream, bytes] of [
    ["stdout", out],
    ["stderr", err],
  ] as const) {
    for (let at = 0; bytes !== undefined && at < bytes.length; at += LOG_TEXT_BYTES) {
      const rest = at + LOG_TEXT_BYTES < bytes.length;
      const text = decoder.decode(bytes.subarray(at, at + LOG_TEXT_BYTES), { stream: rest });
      link.send({ type: "log", taskId, stream, text });
    }
  }
}
