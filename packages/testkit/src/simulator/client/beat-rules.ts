import type { ClientWorld } from "./client-world.ts";
import type { ProgramClock } from "./program-clock.ts";

/** What a client owes in heartbeats, judged by its own clock: one each interval unless an echo is outstanding, and no patience beyond what it says. */
export class BeatRules {
  readonly #world: ClientWorld;
  readonly #clock: ProgramClock;
  #sentAt: number;
  #heardAt: number;
  #awaited = false;
  #any = false;
  #over = false;

  constructor(world: ClientWorld, clock: ProgramClock) {
    this.#world = world;
    this.#clock = clock;
    this.#sentAt = this.#heardAt = world.kernel.now;
  }

  /** The connection stands from now on. */
  begin(): void {
    this.#sentAt = this.#heardAt = this.#world.kernel.now;
  }

  onSent(): void {
    if (this.#awaited) this.#fail("a heartbeat while an echo is outstanding");
    if (this.#any) this.#notTooLate();
    this.#any = true;
    this.#awaited = true;
    this.#sentAt = this.#world.kernel.now;
  }

  onEcho(): void {
    this.#awaited = false;
    this.#heardAt = this.#world.kernel.now;
  }

  /** The connection is over, or about to be closed. */
  onOver(): void {
    if (this.#over) return;
    this.#over = true;
    if (!this.#any) this.#fail("no heartbeat at all");
    this.#notTooLate();
  }

  /** The client holds the scheduler for lost because it is silent, or itself given up. */
  onGivenUp(): void {
    const { kernel, scenario } = this.#world;
    kernel.seen(this.#awaited ? "silent scheduler given up" : "client given up by its scheduler");
    const unheard = kernel.now - this.#sentAt;
    if (unheard < scenario.silenceMs - 0.01) this.#fail(`given up ${unheard} ms after a heartbeat`);
  }

  /** The latest moment at which a client has to know that nobody hears it. */
  get patienceEnds(): number {
    const { silenceMs, heartbeatMs } = this.#world.scenario;
    return Math.max(this.#sentAt + silenceMs + heartbeatMs, this.#clock.stalledUntil) + 2 * heartbeatMs + 1;
  }

  #notTooLate(): void {
    if (this.#awaited) return;
    const { kernel, scenario } = this.#world;
    const apart = kernel.now - Math.max(this.#sentAt, this.#heardAt, this.#clock.stalledUntil);
    if (apart > scenario.heartbeatMs + 0.01) this.#fail(`${apart} ms between heartbeats`);
  }

  #fail(what: string): void {
    this.#world.kernel.fail("heartbeats", what);
  }
}
