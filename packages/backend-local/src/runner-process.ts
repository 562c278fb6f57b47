import { type ChildProcess, spawn } from "node:child_process";
import type { Duplex } from "node:stream";
import type { Clock, Log, RunnerCommand } from "@scaler-aws-hpc/adapter-core";
import {
  MAX_LINE_BYTES,
  type ManagerMessage,
  parseRunnerMessage,
  RUNNER_PROTOCOL,
  type RunnerMessage,
} from "./control-message.ts";
import { LineReader } from "./line-reader.ts";
import { LogTail } from "./log-tail.ts";
import { oomKills } from "./oom-kills.ts";

/** How a runner process ended. */
export interface RunnerEnd {
  readonly kind: "exit" | "oom";
  /** In words, with exit code or signal. */
  readonly reason: string;
  readonly exitCode?: number;
  readonly logTail: readonly string[];
}

// Something that a task left behind may hold the runner's stderr open for ever.
const LAST_WORDS_MS = 200;
/** What V8 says when an allocation fails that it cannot report to the program. */
const HEAP_FULL = /JavaScript heap out of memory|FATAL ERROR: .*(?:Allocation failed|invalid table size)/i;

/** What the job of a runner process hears. */
export interface RunnerListener {
  message(message: RunnerMessage): void;
  /** The process is gone in mid-job. */
  ended(end: RunnerEnd): void;
}

/** One process of a runner, and the control channel on its file descriptor 3. It and all it starts are in a process group of their own. */
export class RunnerProcess {
  /** Name of the runner. */
  readonly kind: string;
  /** Settles when it said that it is ready, or ended before. */
  readonly ready: Promise<"ready" | RunnerEnd>;
  /** Resolves once, when the process is gone and what it said has been heard. */
  readonly ended: Promise<RunnerEnd>;
  /** Hears what the job that runs must know. A slot, not a promise of `ended` per job: a warm process runs a hundred thousand of them. */
  listener: RunnerListener | undefined;
  readonly #process: ChildProcess;
  readonly #channel: Duplex | undefined;
  readonly #tail: LogTail;
  readonly #log: Log;
  readonly #oomBefore = oomKills();
  #killed: string | undefined;
  #exited = false;
  #gone = false;
  readonly #readyNow = Promise.withResolvers<"ready" | RunnerEnd>();

  constructor(kind: string, command: RunnerCommand, clock: Clock, log: Log) {
    this.kind = kind;
    this.#log = log;
    this.#tail = new LogTail(log, kind);
    this.ready = this.#readyNow.promise;
    this.#process = spawn(command.file, command.args, {
      // Its own group: Ctrl-C at the terminal is the manager's to handle, and one kill reaches all of it.
      detached: true,
      stdio: ["ignore", "pipe", "pipe", "pipe"],
      env: { ...process.env, ...command.env },
    });
    this.ended = this.#watch(clock);
    void this.ended.then((end) => {
      this.#readyNow.resolve(end);
      this.listener?.ended(end);
    });
    for (const stream of [this.#process.stdout, this.#process.stderr]) {
      stream?.on("data", (chunk: Buffer) => this.#tail.push(chunk));
    }
    this.#channel = (this.#process.stdio[3] ?? undefined) as Duplex | undefined;
    const lines = new LineReader(MAX_LINE_BYTES);
    this.#channel?.on("data", (chunk: Buffer) => this.#hear(lines, chunk));
    // A broken channel is the end of the process, which is reported as such.
    this.#channel?.on("error", () => undefined);
  }

  get pid(): number | undefined {
    return this.#process.pid;
  }

  /** Whether it can take a job. */
  get usable(): boolean {
    return !this.#exited && this.#killed === undefined;
  }

  /** Writes one line; whoever waits for an answer also waits for {@link ended}. */
  send(message: ManagerMessage): void {
    if (!this.#gone) this.#channel?.write(`${JSON.stringify(message)}\n`);
  }

  /** Asks it to store what is finished and to end. */
  terminate(): void {
    this.#killed ??= "stopped by the manager";
    this.#signal("SIGTERM");
  }

  /** Ends it at once with all it started. */
  kill(reason: string): void {
    this.#killed ??= reason;
    this.#signal("SIGKILL");
  }

  #signal(signal: NodeJS.Signals): void {
    const { pid } = this.#process;
    if (this.#gone || pid === undefined) return;
    try {
      process.kill(-pid, signal);
    } catch {
      // Gone already.
    }
  }

  #hear(lines: LineReader, chunk: Buffer): void {
    if (this.#killed !== undefined && this.listener === undefined) return;
    try {
      for (const line of lines.push(chunk)) {
        const message = parseRunnerMessage(line);
        if (message?.type === "ready") this.#onReady(message.protocol, message.language);
        else if (message) this.listener?.message(message);
      }
    } catch (reason) {
      this.#log.warn("a runner's control channel makes no sense; it is ended", {
        runner: this.kind,
        reason: String(reason),
      });
      this.kill(`its control channel made no sense: ${String(reason)}`);
    }
  }

  #onReady(protocol: number, language: string): void {
    if (protocol === RUNNER_PROTOCOL) {
      this.#log.debug("runner ready", { runner: this.kind, language, pid: this.pid });
      this.#readyNow.resolve("ready");
    } else
      this.kill(`it speaks runner protocol ${protocol}, this backend speaks ${RUNNER_PROTOCOL}; upgrade the older one`);
  }

  async #watch(clock: Clock): Promise<RunnerEnd> {
    const exited = Promise.withResolvers<{ code: number | null; signal: NodeJS.Signals | null; error?: Error }>();
    const closed = Promise.withResolvers<void>();
    this.#process.once("error", (error) => {
      if (this.#process.pid === undefined) exited.resolve({ code: null, signal: null, error });
      if (this.#process.pid === undefined) closed.resolve();
    });
    this.#process.once("exit", (code, signal) => {
      this.#exited = true;
      exited.resolve({ code, signal });
    });
    this.#process.once("close", () => closed.resolve());
    const { code, signal, error } = await exited.promise;
    this.#exited = true;
    const enough = new AbortController();
    await Promise.race([closed.promise, clock.sleep(LAST_WORDS_MS, { signal: enough.signal }).catch(() => undefined)]);
    enough.abort();
    this.#signal("SIGKILL"); // what is left of its group
    this.#gone = true;
    this.#channel?.destroy();
    this.#process.stdout?.destroy();
    this.#process.stderr?.destroy();
    const logTail = this.#tail.lines();
    if (error) return { kind: "exit", reason: `the runner could not be started: ${error.message}`, logTail };
    const how = signal ? `was ended by ${signal}` : `ended with exit code ${code ?? "unknown"}`;
    const killedForMemory = this.#killed === undefined && signal === "SIGKILL" && oomKills() > this.#oomBefore;
    const heapFull = signal === "SIGABRT" && logTail.some((line) => HEAP_FULL.test(line));
    const oom = killedForMemory || heapFull;
    const short = heapFull
      ? "out of memory: one allocation was larger than all that is left"
      : "the machine ran out of memory";
    const why = this.#killed ?? (oom ? short : undefined);
    return {
      kind: oom ? "oom" : "exit",
      reason: `the runner process ${how}${why === undefined ? "" : `: ${why}`}`,
      ...(code === null ? {} : { exitCode: code }),
      logTail,
    };
  }
}
