import { type CoreOptions, EngineCore, type EngineEffect, type EngineEvent } from "@scaler-aws-hpc/adapter-core";
import { ChildReports } from "./child-reports.ts";
import { Claims } from "./claims.ts";
import { Deliveries } from "./deliveries.ts";
import { JobMaker } from "./job-maker.ts";
import type { Timer } from "./kernel.ts";
import type { Connection, Downward } from "./network.ts";
import type { TaskTruth } from "./task-truth.ts";
import { detail, effectDetail, effectSubject, subject } from "./trace-text.ts";
import type { World } from "./world.ts";

type Effect<Type extends EngineEffect["type"]> = Extract<EngineEffect, { type: Type }>;

/** Ticks in a row that decide nothing, within a second: more of them are a core that spins. */
const SPIN_LIMIT = 300;

/** Silence after which a worker may be taken for given up, in milliseconds: the scheduler's 60 s, less the margin that the core keeps and a slow echo. */
export const SILENCE_MS = 50_000;

/** A session of a worker, as the shell holds it. */
export interface Session {
  readonly worker: string;
  readonly session: number;
  readonly connection: Connection;
  /** A heartbeat without an echo, and when it was sent. */
  awaited: number | undefined;
  awaitedSince: number;
}

/** One manager process: a core, and a shell whose every effect takes random virtual time and may fail. */
export class FakeShell {
  readonly world: World;
  readonly index: number;
  readonly core: EngineCore;
  readonly claims: Claims;
  readonly jobs: JobMaker;
  readonly reports: ChildReports;
  readonly deliveries: Deliveries;
  readonly sessions = new Map<string, Session>();
  /** Every id that was opened, and when its first connection broke. */
  readonly workers = new Map<string, number>();
  /** When the last heartbeat that was echoed was sent. */
  readonly #heardAt = new Map<string, number>();
  /** Workers that were silent for too long once, and since when that is known. */
  readonly #lost = new Map<string, number>();
  alive = true;
  /** Asked to leave; `stop`: at once. */
  leaving: "no" | "drain" | "stop" | "hand-off" = "no";
  /** Tasks in the jobs that it took over. */
  recovered: ReadonlySet<TaskTruth> = new Set();
  readonly startedAt: number;
  /** Effects until it crashes; negative: it does not. */
  crashAfter = -1;
  #stalledUntil = 0;
  readonly #backlog: (() => void)[] = [];
  #tick: Timer | undefined;
  /** Tasks whose last frame was deleted by the effects being performed. */
  readonly #bare: TaskTruth[] = [];
  #spinAt = 0;
  #spins = 0;

  constructor(world: World, index: number) {
    this.world = world;
    this.index = index;
    this.startedAt = world.kernel.now;
    const options: CoreOptions = { ...world.scenario.core, jobPrefix: `m${index}` };
    this.core = new EngineCore(options, () => world.kernel.random.next());
    this.claims = new Claims(world.kernel);
    this.jobs = new JobMaker(this);
    this.reports = new ChildReports(this);
    this.deliveries = new Deliveries(this);
  }

  /** When the scheduler surely heard from a worker last. */
  heardAt(worker: string): number | undefined {
    return this.#heardAt.get(worker);
  }

  /** A worker id of an earlier process. */
  inherit(worker: string, heardAt: number): void {
    this.workers.set(worker, this.world.kernel.now);
    this.#heardAt.set(worker, heardAt);
  }

  /** Whether it stands still. */
  get stalled(): boolean {
    return this.world.kernel.now < this.#stalledUntil;
  }

  /** Whether a worker was silent for so long, now or once, that it may be taken for given up by the scheduler. */
  wasSilent(worker: string): boolean {
    return this.lostAt(worker) <= this.world.kernel.now;
  }

  /** When a worker may have been taken for given up; infinite for one that was never silent for so long. */
  lostAt(worker: string): number {
    const silentAt = (this.#heardAt.get(worker) ?? 0) + SILENCE_MS;
    return this.#lost.get(worker) ?? (silentAt < this.world.kernel.now ? silentAt : Number.POSITIVE_INFINITY);
  }

  /** Connections that are not up and well. */
  get brokenLinks(): number {
    let broken = 0;
    for (const { connection } of this.sessions.values()) {
      if (connection.state !== "up" || connection.upDead || connection.downDead || connection.finished) broken += 1;
    }
    return broken;
  }

  /** Runs something of this process later, if it still lives then; later still when it stands still. */
  after(delayMs: number, action: () => void): Timer {
    return this.world.kernel.after(delayMs, () => this.run(action));
  }

  run(action: () => void): void {
    if (!this.alive) return;
    if (this.stalled) this.#backlog.push(action);
    else action();
  }

  /** The process stands still, while the world goes on. */
  stall(durationMs: number): void {
    const { kernel } = this.world;
    kernel.seen("manager stalled");
    kernel.log("stall", `shell ${this.index}`, durationMs);
    this.#stalledUntil = kernel.now + durationMs;
    kernel.after(durationMs, () => {
      for (const action of this.#backlog.splice(0)) if (this.alive) action();
    });
  }

  /** Tells the core what happened and does what it decides. */
  post(event: EngineEvent): void {
    if (!this.alive) return;
    const { kernel } = this.world;
    kernel.log(event.type, subject(event), detail(event));
    const effects = this.core.apply(event, kernel.now);
    if (event.type === "tick") this.#countSpin(effects.length);
    for (const effect of effects) {
      if (this.crashAfter === 0) {
        this.crash();
        return;
      }
      this.crashAfter -= 1;
      this.#perform(effect);
      if (!this.alive || kernel.breach !== undefined) return;
    }
    // Effects of one decision belong together: a cancel may be confirmed after the frame is gone.
    for (const task of this.#bare.splice(0)) this.world.checkDeleted(this, task);
    this.#schedule();
  }

  /** Ends at once: nothing is said, nothing is saved. */
  crash(): void {
    const { kernel } = this.world;
    kernel.seen("manager crashed");
    kernel.log("crash", `shell ${this.index}`);
    for (const { connection } of this.sessions.values()) {
      connection.closed = true;
      if (connection.state === "up") this.world.network.reset(connection);
    }
    this.#die();
  }

  #die(): void {
    this.alive = false;
    this.world.kernel.cancel(this.#tick);
    this.world.shellOver(this);
  }

  #schedule(): void {
    const { kernel } = this.world;
    const wake = this.core.nextWake();
    if (wake === undefined) {
      kernel.cancel(this.#tick);
      return;
    }
    // A real timer takes a millisecond at least.
    const at = Math.max(wake, kernel.now + 1);
    if (this.#tick?.action !== undefined && Math.abs(this.#tick.at - at) < 0.001) return;
    kernel.cancel(this.#tick);
    this.#tick = this.after(at - kernel.now, () => {
      this.#tick = undefined;
      this.post({ type: "tick" });
    });
  }

  #countSpin(effects: number): void {
    const { kernel } = this.world;
    if (effects > 0 || kernel.now - this.#spinAt > 1_000) {
      this.#spinAt = kernel.now;
      this.#spins = 0;
    }
    this.#spins += 1;
    if (this.#spins > SPIN_LIMIT) kernel.fail("spin", `more than ${SPIN_LIMIT} ticks in a second that decide nothing`);
  }

  #perform(effect: EngineEffect): void {
    if (effect.type !== "log") this.world.kernel.log(`> ${effect.type}`, effectSubject(effect), effectDetail(effect));
    switch (effect.type) {
      case "open":
        this.#open(effect);
        break;
      case "close":
        this.#close(effect);
        break;
      case "heartbeat":
        this.#heartbeat(effect);
        break;
      case "confirm":
        this.#confirm(effect);
        break;
      case "inspect":
        this.jobs.inspect(effect);
        break;
      case "stage":
        this.jobs.stage(effect.plan);
        break;
      case "submit":
        this.jobs.submit(effect.job);
        break;
      case "cancel-children":
        this.jobs.cancelChildren(effect.children);
        break;
      case "revoke":
        this.jobs.revoke(effect.child, effect.tasks);
        break;
      case "deliver":
        this.deliveries.start(effect);
        break;
      case "abandon":
        this.deliveries.abandon(effect.delivery);
        break;
      case "delete-frames":
        this.#deleteFrames(effect.keys);
        break;
      case "release-job":
        this.jobs.release(effect.job);
        break;
      case "finished":
        this.#finished();
        break;
      case "log":
        if (effect.message.startsWith("jobs cannot be started")) this.world.kernel.seen("only single tasks tried");
        break;
    }
  }

  #open({ worker, session, profile }: Effect<"open">): void {
    if (this.sessions.has(worker)) this.world.kernel.fail("I4", `${worker} opened while its connection is open`);
    if (this.workers.has(worker)) this.world.kernel.seen("worker resumed");
    else this.workers.set(worker, Number.POSITIVE_INFINITY);
    this.world.cloud.note(worker, profile);
    const connection = this.world.network.open(worker, {
      up: (scheduler) =>
        this.run(() => {
          const told = this.world.scenario.tellsIdentity ? scheduler : undefined;
          this.world.cloud.met(told);
          this.post({ type: "link-up", worker, session, scheduler: told });
        }),
      down: (reason) =>
        this.run(() => {
          if (this.sessions.get(worker)?.session === session) this.sessions.delete(worker);
          this.#broke(worker);
          this.post({ type: "link-down", worker, session, reason });
        }),
      message: (down) => this.run(() => this.#receive(worker, session, down)),
    });
    this.sessions.set(worker, { worker, session, connection, awaited: undefined, awaitedSince: 0 });
  }

  #receive(worker: string, session: number, down: Downward): void {
    const held = this.sessions.get(worker);
    if (held?.session !== session) return;
    const { message } = down;
    if (message.type === "echo") {
      if (held.awaited === down.seq) this.#heard(worker, held.awaitedSince);
      held.awaited = undefined;
      // An echo that was kept for this peer over a break answers a heartbeat of another connection.
      this.claims.echoed(session, down.seq);
      this.post({ type: "echo", worker, session });
    } else if (message.type === "task") {
      this.world.taskArrives(this, worker, message.task.taskId);
      this.post({ type: "task", worker, session, task: message.task });
    } else if (message.type === "cancel") {
      this.world.cancelArrives(this, worker, message.taskId, message.force);
      this.claims.cancelReceived(session, message.taskId, message.force);
      this.post({ type: "cancel", worker, session, taskId: message.taskId, force: message.force });
    } else {
      this.world.kernel.seen("cluster shut down");
      this.leaving = "stop";
      this.post({ type: "shutdown", worker, session });
    }
  }

  #heard(worker: string, sentAt: number): void {
    const { now } = this.world.kernel;
    // Who hears nothing for so long cannot know that an echo waits to be read.
    if (now - (this.#heardAt.get(worker) ?? now) > SILENCE_MS) this.#lost.set(worker, now);
    this.#heardAt.set(worker, sentAt);
  }

  #close({ worker, session, leave }: Effect<"close">): void {
    const held = this.sessions.get(worker);
    if (leave) {
      this.world.cloud.forget(worker);
      this.world.leaves(this, worker);
      this.claims.leaving(worker, session);
    }
    // What ended by itself has nothing to close.
    if (held?.session !== session) return;
    this.sessions.delete(worker);
    if (!leave) this.#broke(worker);
    if (leave) this.world.network.send(held.connection, { type: "leave" });
    else if (held.awaited !== undefined) this.world.kernel.seen("silent link given up by the core");
    this.world.network.close(held.connection);
  }

  #broke(worker: string): void {
    this.workers.set(worker, Math.min(this.workers.get(worker) ?? 0, this.world.kernel.now));
  }

  #heartbeat(effect: Effect<"heartbeat">): void {
    const held = this.sessions.get(effect.worker);
    if (held?.session !== effect.session) return;
    if (held.awaited !== undefined) {
      this.world.kernel.fail("I9", `${effect.worker} sends a heartbeat while one waits for its echo`);
    }
    const seq = this.world.nextSeq();
    held.awaited = seq;
    held.awaitedSince = this.world.kernel.now;
    this.world.network.send(held.connection, { type: "heartbeat", queueSize: effect.queueSize, seq });
  }

  #confirm({ worker, session, taskId, answer }: Effect<"confirm">): void {
    this.claims.confirmed(worker, session, taskId, answer);
    const held = this.sessions.get(worker);
    if (held?.session === session) this.world.network.send(held.connection, { type: "confirm", taskId, answer });
  }

  #deleteFrames(keys: readonly string[]): void {
    for (const key of keys) this.#bare.push(...this.world.deleteFrame(key));
  }

  #finished(): void {
    const { kernel } = this.world;
    if (this.leaving === "drain") kernel.seen("drained");
    if (this.leaving === "stop") kernel.seen("stopped");
    if (this.leaving === "hand-off") kernel.seen("handed off");
    if (this.sessions.size > 0) kernel.fail("I4", `finished with ${this.sessions.size} connections open`);
    const live = this.world.executions.live();
    if (live > 0 && this.leaving !== "hand-off") kernel.fail("I4", `finished with ${live} live children`);
    if (this.leaving !== "hand-off" && !this.world.scenario.childrenDieWithUs) this.world.cloud.checkLeft();
    this.#die();
  }
}
