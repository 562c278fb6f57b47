import { AdapterError } from "../../contracts/adapter-error.ts";
import type { EngineEffect } from "../core/effect.ts";
import type { EngineEnd } from "./engine-options.ts";
import type { ShellHost } from "./host.ts";
import type { Parts } from "./parts.ts";
import { ownerOf } from "./serializer-id.ts";

/** Performs effects: hands each to the part that knows how. Returns at once; what takes time answers by an event. */
export class Performer {
  readonly #host: ShellHost;
  readonly #parts: Parts;
  readonly #finish: (reason: EngineEnd["reason"]) => void;

  /** @param finish called for the last effect of all */
  constructor(host: ShellHost, parts: Parts, finish: (reason: EngineEnd["reason"]) => void) {
    this.#host = host;
    this.#parts = parts;
    this.#finish = finish;
  }

  perform(effect: EngineEffect): void {
    const { links, cache, runners, inspector, stager, children, frames, deliverer, sweeper, report, strays } =
      this.#parts;
    switch (effect.type) {
      case "open":
        links.open(effect);
        break;
      case "close":
        links.close(effect);
        break;
      case "heartbeat":
        links.link(effect.worker, effect.session)?.send(report.fill(effect));
        break;
      case "confirm": {
        const { taskId, answer } = effect;
        links.link(effect.worker, effect.session)?.send({ type: "confirm", taskId, answer });
        break;
      }
      case "inspect":
        this.#go(inspector.inspect(effect));
        break;
      case "stage":
        this.#go(stager.stage(effect.plan));
        break;
      case "submit":
        this.#go(children.submit(effect.job));
        break;
      case "cancel-children":
        this.#go(children.cancel(effect.children, effect.reason));
        break;
      case "revoke":
        this.#go(children.revoke(effect.child, effect.tasks));
        break;
      case "deliver":
        this.#go(deliverer.deliver(effect));
        break;
      case "abandon":
        deliverer.abandon(effect.delivery);
        break;
      case "delete-frames":
        frames.forget(effect.keys);
        sweeper.delete(effect.keys);
        break;
      case "release-job":
        strays.released(effect.job);
        stager.release(effect.job);
        break;
      case "forget-client":
        cache.dropOwned(ownerOf(effect.source));
        runners.forget(effect.source);
        break;
      case "finished":
        this.#finish(effect.reason);
        break;
      case "log":
        this.#host.log[effect.level](effect.message, effect.fields);
        break;
    }
  }

  /** Work that answers by an event. Whatever it throws nobody foresaw. */
  #go(work: Promise<void>): void {
    work.catch((reason: unknown) => {
      if (this.#host.signal.aborted) return;
      this.#host.fail(new AdapterError("internal", `an effect failed: ${reason}`, { cause: reason }));
    });
  }
}
