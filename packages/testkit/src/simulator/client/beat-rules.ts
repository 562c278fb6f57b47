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

  /** The client holds the scheduler for lost because it is silent. */
  onGivenUp(): void {
    const { kernel, scenario } = this.#world;
    kernel.seen("silent scheduler given up");
    const silent = kernel.now - this.#heardAt;
    if (silent < scenario.silenceMs - 0.01) this.#fail(`given up after ${silent} ms of silence`);
    const stood = this.#clock.stalledUntil - this.#clock.stalledFrom;
    const since = kernel.now - this.#clock.stalledUntil;
    if (stood > 3 * scenario.heartbeatMs && since < scenario.silenceMs - 1) {
      this.#fail(`given up ${since} ms after the program itself stood still for ${stood} ms`);
    }
  }

  /** The latest moment at which a silent scheduler must have been given up. */
  get patienceEnds(): number {
    const { silenceMs, heartbeatMs } = this.#world.scenario;
    return Math.max(this.#heardAt, this.#clock.stalledUntil) + silenceMs + 2 * heartbeatMs + 1;
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
