import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { type Certificate, makeCertificate } from "./certificate.ts";
import { ChildProgram } from "./child-program.ts";
import { freePorts } from "./free-ports.ts";
import { greets, type Transport } from "./greeting.ts";
import { HarnessError } from "./harness-error.ts";
import { type Release, releaseBin } from "./repository.ts";

/** What a cluster is made of; everything has a default. */
export interface ClusterOptions {
  /** @default "2.9.0" */
  readonly release?: Release;
  /** @default "tcp" */
  readonly transport?: Transport;
  /** The scheduler's policy, such as `allocate=capability; scaling=no`. @default the release's own */
  readonly policy?: string;
  /** Refuse a client's shutdown. @default false */
  readonly protected?: boolean;
  /** Workers of the release's own manager that run from the start. @default 0 */
  readonly nativeWorkers?: number;
  /** Tasks that each of those native workers queues. @default 1000, the release's own */
  readonly queueSize?: number;
  /** Further arguments of the scheduler program. */
  readonly schedulerArgs?: readonly string[];
  readonly signal?: AbortSignal;
}

/** A scheduler, its object storage and perhaps native workers: real processes of a released Scaler. */
export interface Cluster extends AsyncDisposable {
  readonly release: Release;
  readonly transport: Transport;
  /** Where clients and managers connect, such as `tcp://127.0.0.1:40001`. */
  readonly address: string;
  readonly storageAddress: string;
  readonly schedulerPort: number;
  readonly storagePort: number;
  /** With `tls` the certificate that verifies both servers. */
  readonly caFile: string | undefined;
  /** What every process that talks to this cluster needs in its environment. */
  readonly env: Readonly<Record<string, string>>;
  readonly scheduler: ChildProgram;
  readonly storage: ChildProgram;
  /** The release's own manager, when `nativeWorkers` asked for it. */
  readonly native: ChildProgram | undefined;
  /** A scratch folder that goes with the cluster. */
  readonly folder: string;
  /** Ends the scheduler with `signal` and starts it again on the same port; all its tasks are lost, as in production. */
  restartScheduler(signal?: NodeJS.Signals): Promise<void>;
  /** Ends both servers with `signal` and starts them again on the same ports; objects are lost too. */
  restartServers(signal?: NodeJS.Signals): Promise<void>;
  /** The last lines of every process, for the text of a failure. */
  logs(): string;
}

/** Milliseconds that a server has to greet; the slowest seen took 3 s with two busy cores. */
const READY_MS = 30_000;

/**
 * Starts a cluster on free ports and resolves once both servers greet.
 * @throws {HarnessError} `missing` without the release, `not-ready` with the logs.
 */
export async function startCluster(options: ClusterOptions = {}): Promise<Cluster> {
  for (let attempt = 1; ; attempt++) {
    options.signal?.throwIfAborted();
    const cluster = new RealCluster(options, await freePorts(3), await mkdtemp(join(tmpdir(), "scaler-cluster-")));
    try {
      await cluster.start();
      return cluster;
    } catch (reason) {
      const logs = cluster.logs();
      await cluster[Symbol.asyncDispose]();
      // Somebody was faster on one of the ports: other ports, another try.
      if (attempt < 3 && /address already in use|EADDRINUSE/i.test(logs)) continue;
      throw reason;
    }
  }
}

class RealCluster implements Cluster {
  readonly release: Release;
  readonly transport: Transport;
  readonly address: string;
  readonly storageAddress: string;
  readonly schedulerPort: number;
  readonly storagePort: number;
  readonly env: Readonly<Record<string, string>>;
  readonly folder: string;
  caFile: string | undefined;
  native: ChildProgram | undefined;
  readonly #options: ClusterOptions;
  readonly #monitorAddress: string;
  readonly #bin: string;
  #scheduler: ChildProgram | undefined;
  #storage: ChildProgram | undefined;
  #security: readonly string[] = [];

  constructor(options: ClusterOptions, ports: readonly number[], folder: string) {
    const [schedulerPort = 0, storagePort = 0, monitorPort = 0] = ports;
    this.#options = options;
    this.release = options.release ?? "2.9.0";
    this.transport = options.transport ?? "tcp";
    const scheme = this.transport === "zmq" ? "tcp" : this.transport;
    this.schedulerPort = schedulerPort;
    this.storagePort = storagePort;
    this.address = `${scheme}://127.0.0.1:${schedulerPort}`;
    this.storageAddress = `${scheme}://127.0.0.1:${storagePort}`;
    this.#monitorAddress = `${scheme}://127.0.0.1:${monitorPort}`;
    this.env = { SCALER_NETWORK_BACKEND: this.transport === "zmq" ? "zmq" : "ymq" };
    this.folder = folder;
    this.#bin = releaseBin(this.release);
  }

  get scheduler(): ChildProgram {
    return present(this.#scheduler, "scheduler");
  }

  get storage(): ChildProgram {
    return present(this.#storage, "object storage");
  }

  async start(): Promise<void> {
    if (this.transport === "tls") {
      const certificate: Certificate = await makeCertificate(this.folder);
      this.caFile = certificate.certFile;
      this.#security = ["-tc", certificate.certFile, "-tk", certificate.keyFile];
    }
    await this.#startStorage();
    await this.#startScheduler();
    const workers = this.#options.nativeWorkers ?? 0;
    if (workers > 0) {
      const size = this.#options.queueSize === undefined ? [] : ["-wtqs", String(this.#options.queueSize)];
      const args = ["baremetal_native", this.address, "-wmi", "native", "--mode", "fixed", "-mtc", String(workers)];
      this.native = await this.#program(`native workers ${this.release}`, "scaler_worker_manager", [...args, ...size]);
    }
  }

  async restartScheduler(signal: NodeJS.Signals = "SIGKILL"): Promise<void> {
    await this.scheduler.stop(signal);
    await this.#startScheduler();
  }

  async restartServers(signal: NodeJS.Signals = "SIGKILL"): Promise<void> {
    await Promise.all([this.scheduler.stop(signal), this.storage.stop(signal)]);
    await this.#startStorage();
    await this.#startScheduler();
  }

  logs(): string {
    const all = [this.#scheduler, this.#storage, this.native].filter((program) => program !== undefined);
    return all.map((program) => `--- ${program.name}\n${program.logs.tail()}`).join("\n");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    // The manager first: a native worker that loses its scheduler keeps trying for minutes.
    await this.native?.[Symbol.asyncDispose]();
    await Promise.all([this.#scheduler?.[Symbol.asyncDispose](), this.#storage?.[Symbol.asyncDispose]()]);
    await rm(this.folder, { recursive: true, force: true });
  }

  async #startStorage(): Promise<void> {
    const name = `object storage ${this.release}`;
    this.#storage = await this.#program(name, "scaler_object_storage_server", [this.storageAddress, ...this.#security]);
    await this.#greeting(this.#storage, this.storagePort, this.transport === "zmq" ? "tcp" : this.transport);
  }

  async #startScheduler(): Promise<void> {
    const args = [this.address, "-osa", this.storageAddress, "-ma", this.#monitorAddress, ...this.#security];
    if (this.#options.policy !== undefined) args.push("-pc", this.#options.policy);
    if (this.#options.protected === true) args.push("-p");
    args.push(...(this.#options.schedulerArgs ?? []));
    this.#scheduler = await this.#program(`scheduler ${this.release}`, "scaler_scheduler", args);
    await this.#greeting(this.#scheduler, this.schedulerPort, this.transport);
  }

  async #program(name: string, file: string, args: readonly string[]): Promise<ChildProgram> {
    return await ChildProgram.start({ name, file: join(this.#bin, file), args, env: this.env, cwd: this.folder });
  }

  async #greeting(program: ChildProgram, port: number, transport: Transport): Promise<void> {
    const deadline = performance.now() + READY_MS;
    while (performance.now() < deadline && program.exit === undefined) {
      this.#options.signal?.throwIfAborted();
      if (await greets(port, transport)) return;
      await sleep(50);
    }
    const what = program.exit === undefined ? `did not greet within ${READY_MS} ms` : "ended before it greeted";
    throw new HarnessError("not-ready", `${program.name} on port ${port} ${what}\n${program.logs.tail()}`);
  }
}

function present(program: ChildProgram | undefined, name: string): ChildProgram {
  if (program === undefined) throw new HarnessError("not-ready", `the ${name} is not started`);
  return program;
}
