import type { Client } from "@scaler-aws-hpc/client";
import { ClientError, encodeFunction, isClientError } from "@scaler-aws-hpc/client/format";
import { connectThrough, type Outside } from "@scaler-aws-hpc/client/outside";
import { ClientLife, type SimTask } from "./client-life.ts";
import { ClientRecord } from "./client-record.ts";
import type { ClientWorld } from "./client-world.ts";
import { OpenCalls } from "./open-calls.ts";
import { ProgramClock } from "./program-clock.ts";
import { SimStorage, storageAway } from "./sim-storage.ts";

const CONNECT_MS = 20_000;

/** What is prepared of a function: bytes that a runner would evaluate. */
const FUNCTIONS = ["one", "two", "three"].map((name) => ({
  name,
  bytes: encodeFunction({ name, exportName: name, node: "24.0.0", module: Buffer.from(`export const ${name} = 1;`) }),
}));

/** Tasks, as a program names them; what they do is decided by their first argument. */
const TASKS = FUNCTIONS.map(
  (): SimTask => () => {
    throw new Error("tasks are performed by the simulated worker");
  },
);

/** A program that uses one client after the other, the public way, and ends. */
export class SimProgram {
  over = false;
  readonly clock: ProgramClock;
  readonly calls: OpenCalls;
  readonly #world: ClientWorld;
  #actions: number;

  constructor(world: ClientWorld, actions: number) {
    this.#world = world;
    this.#actions = actions;
    this.clock = new ProgramClock(world.kernel);
    this.calls = new OpenCalls(world.kernel, this.clock);
  }

  async run(): Promise<void> {
    for (let count = 0; this.#actions > 0; count += 1) {
      const record = new ClientRecord(this.#world, this.clock);
      const storages: SimStorage[] = [];
      const client = await this.#connect(record, storages);
      if (client !== undefined) {
        if (count > 0) this.#world.kernel.seen("client connected again");
        record.connected = true;
        this.#world.records.push(record);
        const life = new ClientLife(this.#world, this.clock, this.calls, client, record, TASKS);
        this.#actions -= await life.live(this.#actions);
        await life.end();
      } else this.#actions -= 1;
      // What is on its way to nobody ends too.
      await this.sleep(300);
      this.#checkQuiet(storages);
    }
    this.over = true;
  }

  sleep(ms: number): Promise<void> {
    return new Promise((resolve) => this.clock.run(ms, resolve));
  }

  async #connect(record: ClientRecord, storages: SimStorage[]): Promise<Client | undefined> {
    const { kernel, scenario } = this.#world;
    const { random } = kernel;
    const gaveUp = new Error("the program does not want to connect any more");
    const controller = new AbortController();
    const impatient = random.chance(0.1);
    if (impatient) this.clock.run(random.spread(0.1, 10_000), () => controller.abort(gaveUp));
    const connecting = connectThrough(this.#outside(record, storages), "tcp://scheduler:1", {
      signal: controller.signal,
      connectTimeoutMs: CONNECT_MS,
      heartbeatIntervalMs: scenario.heartbeatMs,
      timeoutMs: scenario.silenceMs,
    });
    let connected = false;
    controller.signal.addEventListener("abort", () => {
      this.clock.run(5_000, () => {
        if (!connected) kernel.fail("settles", "a connect that was given up goes on");
      });
    });
    const outcome = await this.calls.watch("connect", connecting, 3 * CONNECT_MS + 50_000);
    connected = true;
    if (outcome.status === "fulfilled") return outcome.value;
    const { reason } = outcome;
    if (reason === gaveUp) kernel.seen("connecting given up");
    else if (record.lost) kernel.seen("link lost while a client connects");
    const known = isClientError(reason) && ["unavailable", "disconnected", "storage"].includes(reason.code);
    if (reason !== gaveUp && !known) kernel.fail("named", `connect failed with ${(reason as Error)?.stack}`);
    return undefined;
  }

  #outside(record: ClientRecord, storages: SimStorage[]): Outside {
    const { kernel, scenario, faulty } = this.#world;
    return {
      clock: this.clock,
      newId: () => kernel.random.hex(16),
      idleLimits: { objects: scenario.idleObjects, bytes: 1 << 20 },
      connect: (_address, options) => this.#world.connect(record, this.clock, options),
      openStorage: async (_address, { signal }) => {
        await this.sleep(this.#world.latency());
        signal?.throwIfAborted();
        if (faulty(scenario.rates.uploadFails)) throw storageAway();
        const storage = new SimStorage(this.#world, this.clock, record);
        storages.push(storage);
        return storage;
      },
      prepare: async (task) => {
        const fails = faulty(scenario.rates.prepareFails);
        if (kernel.random.chance(0.3)) await this.sleep(kernel.random.spread(1, 2_000));
        const prepared = FUNCTIONS[TASKS.indexOf(task as SimTask)];
        if (!fails && prepared !== undefined) return prepared;
        record.prepareFailed = true;
        kernel.seen("function could not be prepared");
        throw new ClientError("bundle", "it cannot be prepared");
      },
    };
  }

  /** Nothing of a client is left once it is closed. */
  #checkQuiet(storages: readonly SimStorage[]): void {
    const { kernel } = this.#world;
    const { names } = this.calls;
    if (names.length > 0) kernel.fail("pending", `after the end there are still ${names.join(", ")}`);
    if (this.clock.pending > 0) kernel.fail("pending", `after the end ${this.clock.pending} timers are set`);
    const open = storages.reduce((sum, storage) => sum + storage.open, 0);
    if (open > 0) kernel.fail("pending", `after the end ${open} calls of the storage are open`);
  }
}
