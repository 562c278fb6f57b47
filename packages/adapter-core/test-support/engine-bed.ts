import type { BackendTraits } from "../src/contracts/backend.ts";
import type { Log } from "../src/contracts/host.ts";
import { Engine } from "../src/engine/shell/engine.ts";
import type { EngineOptions } from "../src/engine/shell/engine-options.ts";
import { ManualClock } from "../src/memory/manual-clock.ts";
import { MemoryBackend } from "../src/memory/memory-backend.ts";
import { MemoryFleet } from "../src/memory/memory-fleet.ts";
import { MemoryObjects } from "../src/memory/memory-objects.ts";
import { MemoryPayloadStore } from "../src/memory/memory-payload-store.ts";
import { MemoryScheduler } from "../src/memory/memory-scheduler.ts";
import { type Scripted, scripted } from "../src/memory/scripted.ts";
import { Life, mortal } from "./mortal.ts";

/** What a bed may choose. */
export interface BedOptions {
  readonly traits?: Partial<BackendTraits>;
  readonly slots?: number;
  /** As a remote store: deletes are gathered, bundles compressed. */
  readonly remote?: boolean;
  readonly core?: Partial<EngineOptions["core"]>;
  readonly engine?: Partial<EngineOptions>;
}

/** A process of a bed: an engine, and how long it lives. */
export interface BedProcess {
  readonly engine: Engine;
  readonly life: Life;
  readonly pid: number;
}

/** A place where jobs outlive managers, on virtual time: one scheduler, store and fleet, and one manager process after another. */
export class EngineBed {
  readonly clock: ManualClock = new ManualClock();
  readonly objects: MemoryObjects = new MemoryObjects(this.clock);
  readonly scheduler: MemoryScheduler = new MemoryScheduler({ clock: this.clock, objects: this.objects, latencyMs: 1 });
  readonly store: Scripted<MemoryPayloadStore>;
  readonly fleet: MemoryFleet = new MemoryFleet();
  readonly lines: string[] = [];
  /** How often each task was run, by its argument. */
  readonly runs: Map<string, number> = new Map();
  readonly processes: BedProcess[] = [];
  readonly #options: BedOptions;
  readonly #functions = new Map<number, string>();
  #nextPid = 100;

  constructor(options: BedOptions = {}) {
    this.#options = options;
    this.store = scripted(
      new MemoryPayloadStore({
        now: () => this.clock.now(),
        traits: { compress: options.remote === true, flushMs: 0 },
      }),
    );
  }

  /** Starts a manager; it finds out at once whether another process of this host is alive. */
  start(life: Life = new Life(), more: Partial<EngineOptions> = {}): BedProcess {
    const { traits, slots = 4, core } = this.#options;
    const backend = new MemoryBackend({
      ...{ store: this.store, clock: this.clock, fleet: this.fleet },
      run: async ({ fn, args, signal }) => {
        const name = Buffer.from(args[0] ?? []).toString();
        this.runs.set(name, (this.runs.get(name) ?? 0) + 1);
        await this.clock.sleep(Number(Buffer.from(fn).toString()), { signal });
        return { status: "ok", blob: Buffer.from(`did ${name}`) };
      },
      traits: { pushes: false, revokes: false, pollMs: 50, pollMostMs: 1_000, ...traits },
    });
    const pid = this.#nextPid++;
    const write = (message: string, fields?: object): void => {
      if (!life.dead) this.lines.push(`${pid} ${message} ${JSON.stringify(fields ?? {})}`);
    };
    const log: Log = { debug: () => {}, info: write, warn: write, error: write };
    const engine = Engine.open({
      ...{ log, managerId: "m1", workerManagerId: "manager", random: seeded(pid) },
      clock: mortal(this.clock, life, false),
      scheduler: mortal(this.scheduler, life),
      objects: mortal(this.objects, life),
      store: mortal(this.store, life),
      backend: mortal(backend, life),
      core: {
        jobPrefix: "m1",
        profiles: [{ name: "default", slots, capabilities: {}, settings: {} }],
        backend: backend.traits,
        ...core,
      },
      runners: [{ name: "python", protocol: 1, matches: () => true }],
      self: { host: "h", pid, alive: (host, other) => (host === "h" ? this.#alive(other) : undefined) },
      wallNow: () => this.clock.now(),
      ...this.#options.engine,
      ...more,
    });
    const process = { engine, life, pid };
    this.processes.push(process);
    return process;
  }

  /** A life whose end the scheduler notices: its connections break. */
  lifeOf(steps: number): Life {
    return new Life(steps, () => this.scheduler.cut("the process is gone"));
  }

  /** Ends a process as `kill -9` does. */
  kill(process: BedProcess): void {
    process.life.end();
    this.scheduler.cut("the process is gone");
  }

  /** Submits a task that takes `ms` and says what it did. */
  task(name: string, ms = 1_000): ReturnType<MemoryScheduler["submit"]> {
    const fn = this.#functions.get(ms) ?? this.scheduler.object(Buffer.from(String(ms)));
    this.#functions.set(ms, fn);
    return this.scheduler.submit(fn, [this.scheduler.object(Buffer.from(name))]);
  }

  /** Keys in the store, but for the lease. */
  keys(): string[] {
    return [...this.store.place.objects.keys()].filter((key) => !key.endsWith("/lease")).sort();
  }

  /** Names of jobs of which a child runs. */
  running(): string[] {
    return [...this.fleet.jobs.values()].flatMap(({ spec, entries }) =>
      entries.some(({ state }) => state.state === "running") ? [spec.name] : [],
    );
  }

  /** Ends what still lives, as a test's end does. */
  close(): void {
    for (const { life } of this.processes) life.end();
  }

  #alive(pid: number): boolean {
    return this.processes.some((process) => process.pid === pid && !process.life.dead);
  }
}

/** Numbers in [0, 1), the same in every run. */
function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
    return state / 2 ** 32;
  };
}
