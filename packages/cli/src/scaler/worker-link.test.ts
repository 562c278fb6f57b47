import { once } from "node:events";
import { createServer, type Server, type Socket } from "node:net";
import type { Heartbeat, Log, SchedulerNews } from "@scaler-aws-hpc/adapter-core";
import { decodeMessage, encodeMessage, type Magic, type SchedulerMessage } from "@scaler-aws-hpc/scaler-protocol";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type Cluster, connectCluster } from "./cluster.ts";

const SILENT: Log = { debug() {}, info() {}, warn() {}, error() {} };
const WORKER = `Worker|test|${"a".repeat(32)}`;
const HEARTBEAT: Heartbeat = {
  type: "heartbeat",
  agent: { cpuPermille: 12, rssBytes: 1_000 },
  memoryFreeBytes: 5_000,
  memoryLimitBytes: 9_000,
  hostname: "host",
  queueSize: 1_000,
  queuedTasks: 3,
  latencyMs: 4,
  full: true,
  slots: [{ pid: 7, hasTask: true, taskId: "b".repeat(32), taskAgeSeconds: 2, cpuPermille: 900, rssBytes: 10 }],
  capabilities: { linux: -1 },
  workerManagerId: "manager",
};

/** A scheduler that greets, keeps what it hears and says what a test makes it say. */
class ScriptedServer {
  readonly heard: SchedulerMessage[] = [];
  readonly magic: Magic;
  readonly server: Server;
  socket: Socket | undefined;
  ended = false;
  #bytes = Buffer.alloc(0);
  #greeted = false;

  constructor(magic: Magic) {
    this.magic = magic;
    this.server = createServer((socket) => {
      this.socket = socket;
      socket.on("error", () => {});
      socket.on("end", () => {
        this.ended = true;
      });
      socket.on("data", (chunk) => this.#take(chunk));
      socket.write(Buffer.concat([Buffer.from([0x59, 0x4d, 0x51, magic]), framed(Buffer.from("1|scheduler|x"))]));
    });
  }

  async listen(): Promise<string> {
    this.server.listen(0, "127.0.0.1");
    await once(this.server, "listening");
    const address = this.server.address();
    return `tcp://127.0.0.1:${typeof address === "object" && address !== null ? address.port : 0}`;
  }

  say(message: SchedulerMessage): void {
    this.socket?.write(framed(encodeMessage(message, this.magic)));
  }

  raw(bytes: Uint8Array): void {
    this.socket?.write(framed(bytes));
  }

  #take(chunk: Buffer): void {
    this.#bytes = Buffer.concat([this.#bytes, chunk]);
    if (!this.#greeted && this.#bytes.length >= 4) {
      this.#greeted = true;
      this.#bytes = this.#bytes.subarray(4);
      // The identity is framed like a message; it is none.
      const length = Number(this.#bytes.readBigUInt64LE(0));
      this.#bytes = this.#bytes.subarray(8 + length);
    }
    while (this.#bytes.length >= 8) {
      const length = Number(this.#bytes.readBigUInt64LE(0));
      if (this.#bytes.length < 8 + length) return;
      const message = decodeMessage(this.#bytes.subarray(8, 8 + length), this.magic);
      this.#bytes = this.#bytes.subarray(8 + length);
      if (message.kind === "unknown") throw new Error(`the worker sent ordinal ${message.ordinal}`);
      this.heard.push(message);
      if (message.kind === "disconnectRequest") this.say({ kind: "disconnectResponse", worker: message.worker });
    }
  }
}

function framed(bytes: Uint8Array): Buffer {
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(bytes.length));
  return Buffer.concat([length, bytes]);
}

describe.each([1, 2] as const)("a worker's link in numbering %i", (magic) => {
  let server: ScriptedServer;
  let cluster: Cluster;
  const news: SchedulerNews[] = [];
  const downs: [string, boolean][] = [];
  const handlers = {
    message: (one: SchedulerNews) => news.push(one),
    down: (reason: string, malformed: boolean) => downs.push([reason, malformed]),
  };
  const until = async (done: () => boolean): Promise<void> => {
    while (!done()) await new Promise((resolve) => setTimeout(resolve, 2));
  };

  beforeEach(async () => {
    news.length = 0;
    downs.length = 0;
    server = new ScriptedServer(magic);
    cluster = connectCluster({ schedulerAddress: await server.listen(), log: SILENT });
  });

  afterEach(async () => {
    await cluster[Symbol.asyncDispose]();
    server.socket?.destroy();
    server.server.close();
  });

  it("tells who the scheduler is, and sends heartbeats, answers, logs and results in order", async () => {
    const link = await cluster.scheduler.open(WORKER, handlers);
    expect(link.scheduler).toBe("1|scheduler|x");
    const taskId = "c".repeat(32);
    link.send(HEARTBEAT);
    link.send({ type: "confirm", taskId, answer: "canceled" });
    link.send({ type: "log", taskId, stream: "stderr", text: "oh" });
    const profile = { seconds: 0.5, peakBytes: 7, cpuSeconds: 0.25 };
    link.send({
      type: "results",
      source: "ff",
      results: [
        { taskId, status: "failed", objectId: "d".repeat(64), objectBytes: 5, profile },
        { taskId: "e".repeat(32), status: "success", objectId: "f".repeat(64), objectBytes: 6, profile },
      ],
    });
    await until(() => server.heard.length === 6);
    expect(server.heard[0]).toMatchObject({
      kind: "workerHeartbeat",
      queueSize: 1_000,
      taskLock: true,
      latencyMicroseconds: 2_000,
      workerManagerId: "manager",
      capabilities: [{ name: "linux", value: -1 }],
    });
    expect(server.heard[1]).toEqual({ kind: "taskCancelConfirm", taskId, cancelConfirmType: "canceled" });
    expect(server.heard[2]).toEqual({ kind: "taskLog", taskId, logType: "stderr", content: "oh" });
    expect(server.heard[3]).toMatchObject({
      ...{ kind: "objectInstruction", objectUser: "ff", objectTypes: ["object", "object"] },
      objectIds: ["d".repeat(64), "f".repeat(64)],
      // Numbering 1 has no sizes.
      ...(magic === 2 ? { objectSizes: [5, 6] } : {}),
    });
    expect(server.heard[4]).toMatchObject({ kind: "taskResult", resultType: "failed", results: ["d".repeat(64)] });
    expect(server.heard[4]?.kind === "taskResult" && server.heard[4].metadata.length).toBe(16);
    expect(server.heard[5]).toMatchObject({ kind: "taskResult", resultType: "success", results: ["f".repeat(64)] });
    link.close();
  });

  it("tells the engine what the scheduler says, and counts what is strange", async () => {
    const link = await cluster.scheduler.open(WORKER, handlers);
    const task = {
      kind: "task",
      taskId: "1".repeat(32),
      source: "aa",
      metadata: Uint8Array.of(1, 0, 0, 0, 9, 1),
      funcObjectId: "2".repeat(64),
      functionArgs: [{ type: "objectID", data: "3".repeat(64) }],
      capabilities: [],
    } as const;
    server.say(task);
    server.say({ ...task, metadata: Uint8Array.of(1, 2, 3) });
    server.say({ ...task, taskId: "11" });
    server.say({ kind: "taskCancel", taskId: "1".repeat(32), force: true });
    server.say({ kind: "workerHeartbeatEcho", objectStorageAddress: { host: "127.0.0.1", port: 1, scheme: "" } });
    server.say({
      ...{ kind: "objectInstruction", instructionType: "delete", objectUser: "" },
      ...{ objectIds: ["4".repeat(64)], objectTypes: [], objectNames: [] },
    });
    server.say({ kind: "clientDisconnect", disconnectType: "shutdown" });
    await until(() => news.length === 7);
    const decoded = { taskId: "1".repeat(32), source: "aa", functionId: "2".repeat(64), argumentIds: ["3".repeat(64)] };
    expect(news).toEqual([
      { type: "task", task: { ...decoded, priority: 9, streamOutput: true } },
      { type: "task", task: { ...decoded, priority: 0, streamOutput: false } },
      { type: "unknown", what: expect.stringContaining("another length") },
      { type: "cancel", taskId: "1".repeat(32), force: true },
      { type: "echo" },
      { type: "objects-deleted", ids: ["4".repeat(64)] },
      { type: "shutdown" },
    ]);
    link.close();
    expect(downs).toEqual([]);
  });

  it("says goodbye in the peer's own way, after everything else, and then hangs up", async () => {
    const link = await cluster.scheduler.open(WORKER, handlers);
    link.send(HEARTBEAT);
    await link.leave();
    await until(() => server.ended);
    expect(server.heard.map(({ kind }) => kind)).toEqual([
      "workerHeartbeat",
      magic === 1 ? "disconnectRequest" : "workerDisconnectNotification",
    ]);
    expect(downs).toEqual([]);
  });

  it("takes a malformed frame for the end of the connection, and says that it was one", async () => {
    await cluster.scheduler.open(WORKER, handlers);
    server.raw(new Uint8Array(64).fill(255));
    await until(() => downs.length === 1);
    expect(downs[0]?.[1]).toBe(true);
  });

  it("tells when the scheduler hangs up", async () => {
    await cluster.scheduler.open(WORKER, handlers);
    server.socket?.end();
    await until(() => downs.length === 1);
    expect(downs).toEqual([[expect.stringContaining("[closed]"), false]]);
  });

  it("reports the manager with a positive number", async () => {
    const wishes: unknown[] = [];
    let echoes = 0;
    const link = await cluster.scheduler.openManager({
      wishes: (list) => wishes.push(list),
      echo: () => {
        echoes += 1;
      },
      down: () => {},
    });
    link.beat({ maxTaskConcurrency: 4, capabilities: { gpu: 1 }, workerManagerId: "manager" });
    await until(() => server.heard.length === 1);
    expect(server.heard[0]).toMatchObject({ kind: "workerManagerHeartbeat", maxTaskConcurrency: 4 });
    server.say({ kind: "workerManagerHeartbeatEcho" });
    server.say({
      kind: "workerManagerCommand",
      setDesiredTaskConcurrencyRequests: [{ taskConcurrency: 2, capabilities: [] }],
    });
    await until(() => wishes.length === 1);
    expect(wishes).toEqual([[{ taskConcurrency: 2, capabilities: {} }]]);
    expect(echoes).toBe(1);
    link.close();
  });
});

describe("connectCluster", () => {
  it("fails with a code that says whether it may pass", async () => {
    const refused = connectCluster({ schedulerAddress: "tcp://127.0.0.1:1", log: SILENT });
    const handlers = { message() {}, down() {} };
    await expect(refused.scheduler.open(WORKER, handlers)).rejects.toThrow(/^\[unavailable\] the scheduler at/);
    const wrong = connectCluster({ schedulerAddress: "http://x", log: SILENT });
    await expect(wrong.scheduler.open(WORKER, handlers)).rejects.toThrow(/^\[config\] /);
  });

  it("cannot read objects before it knows where they are, and stops waiting when told to", async () => {
    const cluster = connectCluster({ schedulerAddress: "tcp://127.0.0.1:1", log: SILENT });
    const stop = new AbortController();
    const reading = cluster.objects.get("0".repeat(64), { timeoutMs: 1_000, maxBytes: 1, signal: stop.signal });
    stop.abort(new Error("told to"));
    await expect(reading).rejects.toThrow("told to");
  });
});
