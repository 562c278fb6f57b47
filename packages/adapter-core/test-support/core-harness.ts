import type { EngineEffect } from "../src/engine/core/effect.ts";
import { EngineCore } from "../src/engine/core/engine-core.ts";
import type { EngineEvent, TaskMessage } from "../src/engine/core/event.ts";
import type { CoreOptions } from "../src/engine/core/options.ts";

/** A core on a hand-driven clock, for tests: keeps every effect and knows what the other side would answer. */
export class CoreHarness {
  readonly core: EngineCore;
  now = 0;
  readonly effects: EngineEffect[] = [];

  constructor(options: Partial<CoreOptions> = {}) {
    let seed = 1;
    this.core = new EngineCore(
      {
        jobPrefix: "t",
        profiles: [{ name: "default", slots: 2, capabilities: {}, settings: {} }],
        backend: {
          maxChildren: 1,
          inlineBytes: 0,
          revokes: true,
          window: { quietMs: 0, maxMs: 0 },
          startMs: 3,
          pollMs: 1_000,
        },
        ...options,
      },
      () => {
        seed = (seed * 16_807) % 2_147_483_647;
        return seed / 2_147_483_647;
      },
    );
  }

  send(event: EngineEvent): EngineEffect[] {
    const effects = this.core.apply(event, this.now);
    this.effects.push(...effects);
    return effects;
  }

  /** Lets time pass and ticks whenever the core asked for it. */
  pass(ms: number): EngineEffect[] {
    const end = this.now + ms;
    const from = this.effects.length;
    for (let at = this.core.nextWake(); at !== undefined && at <= end; at = this.core.nextWake()) {
      this.now = Math.max(at, this.now + 1);
      this.send({ type: "tick" });
    }
    this.now = end;
    return this.effects.slice(from);
  }

  /** The latest `open` effect, answered by a connection. */
  connect(scheduler = "s1"): { worker: string; session: number } {
    this.send({ type: "tick" });
    const open = this.last("open");
    this.send({ type: "link-up", worker: open.worker, session: open.session, scheduler });
    this.send({ type: "echo", worker: open.worker, session: open.session });
    return { worker: open.worker, session: open.session };
  }

  last<Type extends EngineEffect["type"]>(type: Type): Extract<EngineEffect, { type: Type }> {
    const found = this.effects.findLast((effect) => effect.type === type);
    if (found === undefined) throw new Error(`no effect ${type}`);
    return found as Extract<EngineEffect, { type: Type }>;
  }

  all<Type extends EngineEffect["type"]>(type: Type): Extract<EngineEffect, { type: Type }>[] {
    return this.effects.filter((effect) => effect.type === type) as Extract<EngineEffect, { type: Type }>[];
  }

  /** A task with an id made from `n`, of one client and function unless told otherwise. */
  task(n: number, changes: Partial<TaskMessage> = {}): TaskMessage {
    return {
      taskId: n.toString(16).padStart(32, "0"),
      source: "c1",
      functionId: "f1",
      argumentIds: [],
      priority: 0,
      streamOutput: false,
      ...changes,
    };
  }

  /** Answers the last `inspect`. */
  inspected(runner = "python"): void {
    const { source, functionId } = this.last("inspect");
    this.send({ type: "inspected", source, functionId, outcome: { ok: true, runner, digest: functionId } });
  }

  /** Answers the last `stage` and `submit`, so that the job is live. */
  submit(): string {
    const job = this.last("stage").plan.name;
    this.send({ type: "staged", job, outcome: { ok: true, absent: [], deferred: [] } });
    this.send({ type: "submitted", job, outcome: { ok: true } });
    return job;
  }
}
