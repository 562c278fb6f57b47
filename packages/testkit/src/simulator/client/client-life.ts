import type { Client, ObjectRef, Task, TaskHandle, TaskState } from "@scaler-aws-hpc/client";
import { isClientError } from "@scaler-aws-hpc/client/format";
import type { ClientRecord } from "./client-record.ts";
import type { ClientWorld } from "./client-world.ts";
import { endLife } from "./end-of-life.ts";
import { type TaskFacts, wrongOutcome } from "./expected.ts";
import { takeMap } from "./map-taking.ts";
import type { OpenCalls } from "./open-calls.ts";
import { ListenersFault, type ProgramClock } from "./program-clock.ts";
import type { Answer, Fate, Salt, Spec } from "./sim-worker.ts";

const DOOMS: readonly Fate[] = ["throws", "dies", "timeout", "python"];
/** Few, so that equal values meet. */
const SALTS = 6;

/** A task as these programs know them. */
export type SimTask = Task<[Spec, ...Salt[]], Answer>;

/** A value that was put and not released. */
export interface Kept {
  readonly ref: ObjectRef<Salt>;
  readonly salt: number;
}

/** What a program does with one client until it closes it. */
export class ClientLife {
  readonly client: Client;
  readonly record: ClientRecord;
  readonly world: ClientWorld;
  readonly calls: OpenCalls;
  readonly clock: ProgramClock;
  readonly facts: TaskFacts[] = [];
  readonly settled = { succeeded: 0, failed: 0 };
  readonly #tasks: readonly SimTask[];
  readonly #handles: { readonly handle: TaskHandle<Answer>; readonly facts: TaskFacts }[] = [];
  kept: Kept[] = [];
  /** Values that were put while all were cleared: they are there or not. */
  readonly unsure = new Set<number>();
  /** Frames that the calls so far are worth. */
  worth = 10;
  #clearing = 0;
  #clears = 0;

  constructor(
    world: ClientWorld,
    clock: ProgramClock,
    calls: OpenCalls,
    client: Client,
    record: ClientRecord,
    tasks: readonly SimTask[],
  ) {
    this.world = world;
    this.clock = clock;
    this.calls = calls;
    this.client = client;
    this.record = record;
    this.#tasks = tasks;
  }

  /** Acts until the client is to be closed. @returns the number of actions */
  async live(most: number): Promise<number> {
    const { kernel, scenario } = this.world;
    const { random } = kernel;
    const count = random.chance(0.3) ? random.int(1, most) : most;
    for (let done = 0; done < count; done += 1) {
      if (this.record.lost) return done + 1;
      this.#act();
      if (random.chance(0.5)) await this.sleep((scenario.faultsUntilMs / scenario.actions) * random.spread(0.1, 6));
    }
    return count;
  }

  async end(): Promise<void> {
    await endLife(this);
  }

  sleep(ms: number): Promise<void> {
    return new Promise((resolve) => this.clock.run(ms, resolve));
  }

  /** Facts of a task to come. */
  newFacts(): TaskFacts {
    const { kernel, scenario } = this.world;
    const { random } = kernel;
    const fate = random.chance(scenario.doomedShare) ? random.pick(DOOMS) : "value";
    const n = random.chance(0.1) ? 7 : random.int(0, 1e6);
    const { record } = this;
    const facts = { spec: { n, fate }, salts: [], record, id: "", canceled: this.#clearing > 0 };
    return { ...facts, abandoned: undefined, released: false, closed: false };
  }

  task(): SimTask {
    return this.world.kernel.random.pick(this.#tasks);
  }

  /** Judges how a task was settled. */
  judge(facts: TaskFacts, outcome: PromiseSettledResult<unknown>): void {
    const wrong = wrongOutcome(facts, outcome);
    if (wrong !== undefined) this.world.kernel.fail(outcome.status === "fulfilled" ? "value" : "named", wrong);
  }

  #act(): void {
    const { kernel, scenario } = this.world;
    const { random } = kernel;
    const roll = random.next();
    if (random.chance(scenario.cancelShare)) this.#cancel();
    if (roll < 0.75) this.#submit();
    else if (roll < 0.85) void this.#put();
    else if (roll < 0.89) this.#release();
    else if (roll < 0.95) void takeMap(this);
    else if (roll < 0.97) void this.#clear();
    else this.#submit();
  }

  #submit(): void {
    const { kernel, scenario, faulty } = this.world;
    const { random } = kernel;
    const facts = this.newFacts();
    const controller = random.chance(0.2) ? new AbortController() : undefined;
    const values: (Salt | ObjectRef<Salt>)[] = [];
    const salts: number[] = [];
    for (let count = random.int(0, 2); count > 0; count -= 1) {
      const kept = this.kept.length > 0 && random.chance(0.5) ? random.pick(this.kept) : undefined;
      const salt = kept?.salt ?? random.int(1, SALTS);
      if (kept === undefined && salts.includes(salt)) kernel.seen("equal argument shared");
      salts.push(salt);
      values.push(kept?.ref ?? { salt });
    }
    const onOutput = random.chance(0.2)
      ? (): void => {
          if (faulty(scenario.rates.listenerThrows)) throw new ListenersFault("a listener's own");
        }
      : undefined;
    const whole = { ...facts, salts };
    try {
      const submitter = this.client.with({ signal: controller?.signal, onOutput, priority: random.int(0, 3) });
      const handle = submitter.submit(this.task(), whole.spec, ...values);
      this.#follow(handle, whole);
    } catch (reason) {
      this.#refused(reason);
      return;
    }
    if (controller !== undefined && random.chance(0.6)) {
      this.clock.run(random.spread(0.1, 2 * scenario.medianTaskMs), () => {
        if (whole.closed) return;
        const why = new Error(`task ${whole.spec.n} is not wanted`);
        kernel.seen("task given up by its signal");
        if (this.isOpen(whole)) whole.abandoned = why;
        controller.abort(why);
      });
    }
  }

  /** Where open tasks are; those of maps do not tell. */
  get states(): readonly TaskState[] {
    return this.#handles.map(({ handle }) => handle.state);
  }

  isOpen(facts: TaskFacts): boolean {
    return this.#handles.some((one) => one.facts === facts);
  }

  #follow(handle: TaskHandle<Answer>, facts: TaskFacts): void {
    facts.id = handle.id;
    this.worth += 8;
    const one = { handle, facts };
    this.#handles.push(one);
    this.facts.push(facts);
    void this.calls.watch(`task ${facts.spec.n}`, handle).then((outcome) => {
      this.#handles.splice(this.#handles.indexOf(one), 1);
      this.settled[outcome.status === "fulfilled" ? "succeeded" : "failed"] += 1;
      this.judge(facts, outcome);
    });
  }

  #cancel(): void {
    const { kernel } = this.world;
    if (this.#handles.length === 0) return;
    const { handle, facts } = kernel.random.pick(this.#handles);
    if (handle.state === "preparing") kernel.seen("cancelled before it was sent");
    facts.canceled = true;
    this.worth += 2;
    void this.calls.watch(`cancel ${facts.spec.n}`, handle.cancel()).then((outcome) => {
      const wrong = outcome.status === "rejected" || outcome.value !== (handle.state === "canceled");
      if (wrong && !["submitted", "fetching", "canceling"].includes(handle.state)) {
        kernel.fail("value", `a cancel said ${JSON.stringify(outcome)} of a task that is ${handle.state}`);
      }
    });
  }

  async #put(): Promise<void> {
    const { kernel } = this.world;
    const salt = kernel.random.int(1, SALTS);
    const clears = this.#clears;
    this.worth += 4;
    const outcome = await this.calls.watch("put", this.client.put({ salt }), 200_000);
    if (outcome.status === "rejected") return this.#refused(outcome.reason, "storage");
    kernel.seen(this.kept.some((one) => one.salt === salt) ? "value put again" : "value put");
    if (clears === this.#clears) this.kept.push({ ref: outcome.value, salt });
    else this.unsure.add(salt);
  }

  #release(): void {
    const { kernel } = this.world;
    if (this.kept.length === 0) return;
    const gone = kernel.random.pick(this.kept);
    this.kept = this.kept.filter((one) => one !== gone);
    // Its owner may do so only once no task needs it by reference.
    if (this.#handles.some(({ facts }) => facts.salts.includes(gone.salt))) {
      kernel.seen("value released under an equal one");
      for (const { facts } of this.#handles) if (facts.salts.includes(gone.salt)) facts.released = true;
    }
    kernel.seen("value released");
    gone.ref.release();
  }

  async #clear(): Promise<void> {
    const { kernel } = this.world;
    const timeoutMs = kernel.random.spread(100, 20_000);
    this.#clearing += 1;
    this.#clears += 1;
    this.kept = [];
    if (this.record.uploading.size > 0) kernel.seen("cleared while something is uploaded");
    for (const facts of this.facts) {
      facts.canceled = true;
      facts.released = true;
    }
    // What it does not wait for any longer loses its objects.
    this.clock.run(timeoutMs, () => {
      if (this.client.stats.open > 0) this.record.clearedEarly = true;
    });
    kernel.seen("cleared");
    this.worth += 4;
    const outcome = await this.calls.watch("clear", this.client.clear({ timeoutMs }), 2 * timeoutMs + 1_000);
    this.#clearing -= 1;
    if (outcome.status === "rejected") this.#refused(outcome.reason);
  }

  /** A call that failed at once, or by itself. */
  #refused(reason: unknown, ...more: readonly string[]): void {
    const { record } = this;
    const codes = [record.lost ? ["disconnected", "closed"] : ["closed"], more, this.#clearing > 0 ? ["config"] : []];
    if (isClientError(reason) && codes.flat().includes(reason.code)) return;
    this.world.kernel.fail("named", `a call failed with ${(reason as Error)?.stack}`);
  }
}
