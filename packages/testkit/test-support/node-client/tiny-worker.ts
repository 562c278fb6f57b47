import { createHash, randomBytes } from "node:crypto";
import { mkdtempSync } from "node:fs";
import { rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import {
  decodeFunction,
  decodeValue,
  encodeFailure,
  encodeValue,
  isNodeSerializer,
  taskFunction,
} from "@scaler-aws-hpc/client/format";
import {
  type Capability,
  type Connection,
  connectWithRetry,
  decodeMessage,
  decodeTaskFlags,
  encodeMessage,
  encodeProfileResult,
  type Magic,
  ObjectStorageClient,
  type SchedulerMessage,
  type Task,
  type TlsOptions,
} from "@scaler-aws-hpc/scaler-protocol";

/** What a {@link TinyWorker} connects to, and offers. */
export interface TinyWorkerOptions {
  readonly storageAddress: string;
  readonly capabilities?: readonly Capability[];
  readonly tls?: TlsOptions;
}

const md5 = (text: string | Uint8Array): string => createHash("md5").update(text).digest("hex");

/** A worker that runs JavaScript tasks in this process: enough of one to test clients with. */
export class TinyWorker implements AsyncDisposable {
  /** Modules that were evaluated. */
  readonly modules = new Map<string, Promise<object>>();
  /** Functions, arguments: ids fetched, each time. */
  readonly fetched: string[] = [];
  readonly priorities: number[] = [];
  readonly canceled: string[] = [];
  readonly #link: Connection;
  readonly #storage: ObjectStorageClient;
  readonly #magic: Magic;
  readonly #held = new Set<string>();
  readonly #objects = new Map<string, Promise<Buffer>>();
  readonly #capabilities: readonly Capability[];
  readonly #folder = mkdtempSync(join(tmpdir(), "tiny-worker-"));
  #beats: NodeJS.Timeout | undefined;

  private constructor(
    link: Connection,
    storage: ObjectStorageClient,
    magic: Magic,
    capabilities: readonly Capability[],
  ) {
    this.#link = link;
    this.#storage = storage;
    this.#magic = magic;
    this.#capabilities = capabilities;
  }

  static async start(address: string, options: TinyWorkerOptions): Promise<TinyWorker> {
    const identity = `Worker|tiny|${randomBytes(16).toString("hex")}`;
    const tls = options.tls === undefined ? {} : { tls: options.tls };
    const storage = await ObjectStorageClient.open(options.storageAddress, { identity, ...tls });
    const magic = storage.magic ?? 2;
    let worker: TinyWorker | undefined;
    const early: Uint8Array[] = [];
    const link = await connectWithRetry(address, {
      identity,
      ...tls,
      onFrame: (frame) => (worker === undefined ? early.push(Buffer.from(frame)) : worker.#onFrame(frame)),
      onClose: () => worker?.stopBeats(),
    });
    worker = new TinyWorker(link, storage, magic, options.capabilities ?? [{ name: "node", value: -1 }]);
    for (const frame of early) worker.#onFrame(frame);
    worker.#beat();
    worker.#beats = setInterval(() => worker.#beat(), 1_000);
    return worker;
  }

  stopBeats(): void {
    clearInterval(this.#beats);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.stopBeats();
    if (this.#magic === 2) this.#send({ kind: "workerDisconnectNotification" });
    await this.#link.close();
    await this.#storage.close();
    await rm(this.#folder, { recursive: true, force: true });
  }

  #send(message: SchedulerMessage): void {
    this.#link.send(encodeMessage(message, this.#magic));
  }

  #beat(): void {
    this.#send({
      kind: "workerHeartbeat",
      agent: { cpuPermille: 0, rssBytes: 0 },
      rssFreeBytes: 0,
      queueSize: 1_000,
      queuedTasks: this.#held.size,
      latencyMicroseconds: 0,
      taskLock: false,
      processors: [],
      capabilities: this.#capabilities,
      workerManagerId: "tiny",
      memLimitBytes: 0,
      hostname: "",
      netSentBytes: 0,
      netReceivedBytes: 0,
    });
  }

  #onFrame(frame: Uint8Array): void {
    const message = decodeMessage(frame, this.#magic);
    if (message.kind === "task") {
      this.#held.add(message.taskId);
      void this.#run(message);
    } else if (message.kind === "taskCancel") {
      const { taskId } = message;
      this.#held.delete(taskId);
      this.canceled.push(taskId);
      this.#send({ kind: "taskCancelConfirm", taskId, cancelConfirmType: "canceled" });
    } else if (message.kind === "objectInstruction") {
      for (const id of message.objectIds) this.#objects.delete(id);
    }
  }

  #object(id: string): Promise<Buffer> {
    const known = this.#objects.get(id);
    if (known !== undefined) return known;
    this.fetched.push(id);
    const fresh = this.#storage.get(id);
    this.#objects.set(id, fresh);
    return fresh;
  }

  async #run(task: Task): Promise<void> {
    const flags = decodeTaskFlags(task.metadata);
    this.priorities.push(flags.priority);
    const started = performance.now();
    const owner = Buffer.from(task.source, "hex");
    let resultType: "success" | "failed" = "success";
    let bytes: Uint8Array;
    try {
      const serializer = await this.#object(`${md5(owner)}${md5("serializer")}`);
      if (!isNodeSerializer(serializer)) throw new Error("not a Node task");
      const fn = decodeFunction(await this.#object(task.funcObjectId));
      const bodies = await Promise.all(task.functionArgs.map(({ data }) => this.#object(data)));
      let module = this.modules.get(fn.sha256);
      if (module === undefined) {
        // From a file: a data: URL would stand in every line of a stack.
        const file = join(this.#folder, `${fn.sha256}.mjs`);
        module = writeFile(file, fn.module).then(
          () => import(/* @vite-ignore */ pathToFileURL(file).href) as Promise<object>,
        );
        this.modules.set(fn.sha256, module);
      }
      const run = taskFunction(await module, fn.exportName);
      if (flags.streamOutput)
        this.#send({ kind: "taskLog", taskId: task.taskId, logType: "stdout", content: "printed\n" });
      bytes = encodeValue(await run(...bodies.map((body) => decodeValue(body, { view: true }))), "result");
    } catch (reason) {
      resultType = "failed";
      bytes = encodeFailure(reason);
    }
    if (!this.#held.has(task.taskId)) return;
    const id = `${md5(owner)}${randomBytes(16).toString("hex")}`;
    await this.#storage.set(id, bytes);
    if (!this.#held.delete(task.taskId)) return;
    this.#send({
      kind: "objectInstruction",
      instructionType: "create",
      objectUser: task.source,
      objectIds: [id],
      objectTypes: ["object"],
      objectNames: [Buffer.from("<res>")],
    });
    const durationSeconds = (performance.now() - started) / 1000;
    const metadata = flags.profiling
      ? encodeProfileResult({ durationSeconds, peakMemoryBytes: 1, cpuSeconds: 0 })
      : new Uint8Array();
    this.#send({ kind: "taskResult", taskId: task.taskId, resultType, metadata, results: [id] });
  }
}
