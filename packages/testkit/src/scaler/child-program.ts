import { type ChildProcess, spawn } from "node:child_process";
import { HarnessError } from "./harness-error.ts";
import { LogBuffer } from "./log-buffer.ts";
import { guardGroup, releaseGroup } from "./reaper.ts";

/** How a program is started. */
export interface ProgramOptions {
  /** What errors call it. */
  readonly name: string;
  readonly file: string;
  readonly args: readonly string[];
  /** Added to this process's environment; `undefined` removes a variable. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  readonly cwd?: string;
}

/** How a program ended. */
export interface ProgramExit {
  /** `null` when a signal ended it. */
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  /** Milliseconds from start to end. */
  readonly elapsedMs: number;
}

/** A child process in a process group of its own, with its output kept; gone, with all its children, once disposed. */
export class ChildProgram implements AsyncDisposable {
  readonly name: string;
  readonly pid: number;
  /** stdout and stderr as they came. */
  readonly logs = new LogBuffer();
  /** stdout alone. */
  readonly stdout = new LogBuffer(64_000_000);
  /** Resolves when the process has ended and its output is read; never rejects. */
  readonly exited: Promise<ProgramExit>;
  #exit: ProgramExit | undefined;
  #reaped = false;

  private constructor(name: string, child: ChildProcess, pid: number) {
    this.name = name;
    this.pid = pid;
    const startedMs = performance.now();
    guardGroup(pid);
    child.stdout?.setEncoding("utf8").on("data", (chunk: string) => {
      this.stdout.append(chunk);
      this.logs.append(chunk);
    });
    child.stderr?.setEncoding("utf8").on("data", (chunk: string) => this.logs.append(chunk));
    this.exited = new Promise((resolve) => {
      // "exit", not "close": a grandchild may hold the pipes open long after the program itself is gone.
      child.once("exit", (code, signal) => {
        const exit = { code, signal, elapsedMs: performance.now() - startedMs };
        const settle = (): void => {
          this.#exit = exit;
          resolve(exit);
        };
        child.once("close", settle);
        setTimeout(settle, 500);
      });
    });
  }

  /** @throws {HarnessError} `missing` when the file cannot be executed. */
  static async start(options: ProgramOptions): Promise<ChildProgram> {
    const child = spawn(options.file, options.args, {
      cwd: options.cwd,
      env: { ...process.env, ...options.env },
      stdio: ["ignore", "pipe", "pipe"],
      detached: true,
    });
    const { pid } = child;
    if (pid !== undefined) return new ChildProgram(options.name, child, pid);
    const cause = await new Promise<Error>((resolve) => child.once("error", resolve));
    throw new HarnessError("missing", `${options.name}: ${options.file} does not start`, { cause });
  }

  /** How it ended; `undefined` while it runs. */
  get exit(): ProgramExit | undefined {
    return this.#exit;
  }

  /** Sends a signal to the program alone, or to its whole group. A program that is already over is left alone. */
  kill(signal: NodeJS.Signals, to: "program" | "group" = "program"): void {
    try {
      process.kill(to === "group" ? -this.pid : this.pid, signal);
    } catch {
      // Gone already: that is what was wanted.
    }
  }

  /** Asks with a signal, waits, then kills the group; resolves to how it ended. */
  async stop(signal: NodeJS.Signals = "SIGTERM", graceMs = 5_000): Promise<ProgramExit> {
    if (this.#exit === undefined) this.kill(signal);
    const timer = setTimeout(() => this.kill("SIGKILL", "group"), graceMs);
    const exit = await this.exited;
    clearTimeout(timer);
    // Once only: later the number may be somebody else's.
    if (!this.#reaped) {
      this.#reaped = true;
      this.kill("SIGKILL", "group");
      releaseGroup(this.pid);
    }
    return exit;
  }

  /** Resolves to the first match in the output, past or future. @throws {HarnessError} `exited` or `timeout` */
  async waitForLog(pattern: RegExp, timeoutMs = 20_000): Promise<RegExpExecArray> {
    return await new Promise((resolve, reject) => {
      const finish = (settle: () => void): void => {
        clearTimeout(timer);
        unwatch();
        settle();
      };
      const look = (): boolean => {
        const match = pattern.exec(this.logs.text);
        if (match !== null) finish(() => resolve(match));
        return match !== null;
      };
      const fail = (code: "timeout" | "exited"): void =>
        finish(() => reject(new HarnessError(code, `${this.name} never printed ${pattern}\n${this.logs.tail()}`)));
      const timer = setTimeout(() => fail("timeout"), timeoutMs);
      const unwatch = this.logs.watch(look);
      if (look()) return;
      void this.exited.then(() => look() || fail("exited"));
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop("SIGTERM", 2_000);
  }
}
