import type { EngineEffect } from "@scaler-aws-hpc/adapter-core";
import type { FakeShell } from "./fake-shell.ts";

type Deliver = Extract<EngineEffect, { type: "deliver" }>;

/** Stores results and sends them: each takes its own time, so they overtake one another. */
export class Deliveries {
  readonly #shell: FakeShell;
  readonly #wanted = new Set<number>();

  constructor(shell: FakeShell) {
    this.#shell = shell;
  }

  start(effect: Deliver): void {
    const { world } = this.#shell;
    this.#wanted.add(effect.delivery);
    let kind: "success" | "failed" = "failed";
    let value = `f:${effect.from.kind === "failure" ? effect.from.exception : ""}`;
    if (effect.from.kind === "frame") {
      const { key, task } = effect.from;
      const frame = world.store.get(key);
      if (frame === undefined) {
        world.kernel.fail("I3", `result of ${effect.taskId} is wanted from ${key}, which was deleted`);
        return;
      }
      const result = frame.results.find(({ index }) => index === task);
      if (result === undefined) {
        world.kernel.fail("value", `${key} says nothing of task ${task}`);
        return;
      }
      if (result.status === "ok") kind = "success";
      value = result.value;
    }
    this.#store(effect, kind, value, 0);
  }

  abandon(delivery: number): void {
    if (this.#wanted.delete(delivery)) this.#shell.world.kernel.seen("delivery abandoned");
  }

  #store(effect: Deliver, kind: "success" | "failed", value: string, tries: number): void {
    const { world } = this.#shell;
    const { kernel, scenario } = world;
    const slow = kernel.random.chance(0.02);
    if (slow) kernel.seen("result slow to store");
    this.#shell.after(slow ? kernel.random.spread(500, 20_000) : kernel.random.spread(0.2, 20), () => {
      if (!this.#wanted.has(effect.delivery)) return;
      if (tries < 5 && world.chance(scenario.rates.setFails)) {
        kernel.seen("result store failed");
        this.#shell.after(100 * 2 ** tries, () => this.#store(effect, kind, value, tries + 1));
      } else if (world.chance(scenario.rates.deliveryFails)) {
        kernel.seen("delivery failed for good");
        this.#wanted.delete(effect.delivery);
        world.deliveryFails(this.#shell, effect.taskId);
        this.#shell.post({ type: "delivered", delivery: effect.delivery, failure: "the object storage refuses it" });
      } else this.#send(effect, kind, value);
    });
  }

  #send(effect: Deliver, kind: "success" | "failed", value: string): void {
    const shell = this.#shell;
    const { kernel, network } = shell.world;
    const held = shell.sessions.get(effect.worker);
    this.#wanted.delete(effect.delivery);
    // A link that ended has told the core, or is about to.
    if (held?.session !== effect.session || held.connection.state !== "up") return;
    if (held.connection.upDead || held.connection.finished) kernel.seen("result sent into a dead link");
    shell.claims.sent(effect.worker, effect.session, shell.world.nextSeq(), effect.taskId, effect.logs);
    if (effect.logs) {
      kernel.seen("logs sent");
      network.send(held.connection, { type: "log", taskId: effect.taskId });
    }
    kernel.log("result sent", effect.taskId, value);
    network.send(held.connection, { type: "result", taskId: effect.taskId, kind, value });
    shell.post({ type: "delivered", delivery: effect.delivery, failure: undefined });
  }
}
