import { createHash } from "node:crypto";
import type { RunnerRecord } from "../../contracts/runner.ts";
import type { ObjectCache } from "../../objects/object-cache.ts";
import type { EngineEffect } from "../core/effect.ts";
import type { EngineEvent } from "../core/event.ts";
import type { SourceId } from "../core/ids.ts";
import type { ShellHost } from "./host.ts";
import { serializerId } from "./serializer-id.ts";

const HEAD_BYTES = 4_096;

type Outcome = Extract<EngineEvent, { type: "inspected" }>["outcome"];

/** Finds out which runner a client's tasks need, and what function it is that they call. */
export class Inspector {
  readonly #host: ShellHost;
  readonly #cache: ObjectCache;
  readonly #runners: readonly RunnerRecord[];

  constructor(host: ShellHost, cache: ObjectCache, runners: readonly RunnerRecord[]) {
    this.#host = host;
    this.#cache = cache;
    this.#runners = runners.toSorted((left, right) => (left.order ?? 0) - (right.order ?? 0));
  }

  async inspect({ source, functionId }: Extract<EngineEffect, { type: "inspect" }>): Promise<void> {
    const outcome = await this.#look(source, functionId);
    this.#host.tell({ type: "inspected", source, functionId, outcome });
  }

  async #look(source: SourceId, functionId: string): Promise<Outcome> {
    const serializer = this.#cache.acquire(serializerId(source));
    const fn = this.#cache.acquire(functionId);
    try {
      const [head, body] = await Promise.all([serializer.bytes, fn.bytes]);
      const runner = this.#runners.find((record) => record.matches(head.subarray(0, HEAD_BYTES)));
      if (runner === undefined) {
        const names = this.#runners.map((record) => record.name).join(", ") || "none";
        return { ok: false, message: `no installed runner understands this client's serializer; installed: ${names}` };
      }
      return { ok: true, runner: runner.name, digest: createHash("sha256").update(body).digest("hex") };
    } catch (reason) {
      return { ok: false, message: reason instanceof Error ? reason.message : String(reason) };
    } finally {
      this.#cache.release(serializer);
      this.#cache.release(fn);
    }
  }
}
