import { createHash } from "node:crypto";
import type { ObjectCache } from "../../objects/object-cache.ts";
import type { EngineEffect } from "../core/effect.ts";
import type { EngineEvent } from "../core/event.ts";
import type { SourceId } from "../core/ids.ts";
import type { ClientRunners } from "./client-runners.ts";
import type { ShellHost } from "./host.ts";

type Outcome = Extract<EngineEvent, { type: "inspected" }>["outcome"];

/** Finds out which runner a client's tasks need, and what function it is that they call. */
export class Inspector {
  readonly #host: ShellHost;
  readonly #cache: ObjectCache;
  readonly #runners: ClientRunners;

  constructor(host: ShellHost, cache: ObjectCache, runners: ClientRunners) {
    this.#host = host;
    this.#cache = cache;
    this.#runners = runners;
  }

  async inspect({ source, functionId }: Extract<EngineEffect, { type: "inspect" }>): Promise<void> {
    const outcome = await this.#look(source, functionId);
    this.#host.tell({ type: "inspected", source, functionId, outcome });
  }

  async #look(source: SourceId, functionId: string): Promise<Outcome> {
    const fn = this.#cache.acquire(functionId);
    try {
      const [runner, body] = await Promise.all([this.#runners.find(source), fn.bytes]);
      if (typeof runner === "string") return { ok: false, message: runner };
      return { ok: true, runner: runner.name, digest: createHash("sha256").update(body).digest("hex") };
    } catch (reason) {
      return { ok: false, message: reason instanceof Error ? reason.message : String(reason) };
    } finally {
      this.#cache.release(fn);
    }
  }
}
