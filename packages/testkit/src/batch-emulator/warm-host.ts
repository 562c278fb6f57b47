import { type ChildProcess, spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { pythonProgram } from "../scaler/repository.ts";
import type { Container, ContainerHost, ContainerSpec } from "./container.ts";
import type { RunnerOptions } from "./options.ts";
import { killSession } from "./process-session.ts";

interface Waiting {
  readonly started: (pid: number) => void;
  readonly failed: (reason: Error) => void;
  readonly ended: (code: number) => void;
}

interface Answer {
  readonly id: number;
  readonly pid?: number;
  readonly code?: number;
}

/** Runs each container in a fork of a Python process that has the runner's module loaded: a start costs milliseconds. */
export class WarmHost implements ContainerHost {
  readonly #server: ChildProcess;
  readonly #waiting = new Map<number, Waiting>();
  readonly #pids = new Set<number>();
  readonly #exited: Promise<void>;
  #errors = "";
  #next = 0;

  constructor(
    runner: Omit<Extract<RunnerOptions, { mode: "warm" }>, "mode">,
    environment: Readonly<Record<string, string>>,
  ) {
    const workers = runner.workers === undefined ? [] : ["--workers", String(runner.workers)];
    const argv = [pythonProgram("emulator_fork_server.py"), ...workers, runner.script, ...(runner.arguments ?? [])];
    // The same variables that containers have: what the module looks up when it is loaded is what they would.
    this.#server = spawn(runner.python, argv, { env: { ...environment }, stdio: ["pipe", "pipe", "pipe"] });
    this.#exited = new Promise((resolve) => {
      const over = (reason: Error): void => {
        this.#fail(reason);
        resolve();
      };
      this.#server.once("error", over);
      this.#server.once("exit", (code) => over(new Error(`the fork server ended with ${code}: ${this.#errors}`)));
    });
    this.#server.stdin?.on("error", () => {});
    this.#server.stderr?.setEncoding("utf8").on("data", (text: string) => {
      this.#errors = (this.#errors + text).slice(-4_000);
    });
    const { stdout } = this.#server;
    if (stdout !== null) createInterface({ input: stdout }).on("line", (line) => this.#hear(JSON.parse(line)));
  }

  async start(spec: ContainerSpec): Promise<Container> {
    const id = this.#next;
    this.#next += 1;
    const ended = Promise.withResolvers<number>();
    let over = false;
    const pid = await new Promise<number>((started, failed) => {
      if (this.#server.exitCode !== null) return failed(new Error(`the fork server is gone: ${this.#errors}`));
      const finish = (code: number): void => {
        over = true;
        ended.resolve(code);
      };
      this.#waiting.set(id, { started, failed, ended: finish });
      const { command, environment: env, logFile: log } = spec;
      this.#server.stdin?.write(`${JSON.stringify({ id, command, env, log })}\n`);
    });
    return {
      pid,
      ended: ended.promise,
      kill: (signal) => {
        if (over) return;
        if (signal === "SIGKILL") return killSession(pid);
        try {
          process.kill(pid, signal);
        } catch {
          // It ended just now.
        }
      },
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const pid of this.#pids) killSession(pid);
    this.#server.stdin?.end();
    const late = setTimeout(() => this.#server.kill("SIGKILL"), 2_000);
    await this.#exited;
    clearTimeout(late);
  }

  #hear(answer: Answer): void {
    const waiting = this.#waiting.get(answer.id);
    if (waiting === undefined) return;
    if (answer.pid !== undefined) {
      this.#pids.add(answer.pid);
      this.#pidOf.set(answer.id, answer.pid);
      waiting.started(answer.pid);
    }
    if (answer.code === undefined) return;
    this.#waiting.delete(answer.id);
    this.#pids.delete(this.#pidOf.get(answer.id) ?? 0);
    this.#pidOf.delete(answer.id);
    waiting.ended(answer.code);
  }

  readonly #pidOf = new Map<number, number>();

  #fail(reason: Error): void {
    for (const { failed, ended } of this.#waiting.values()) {
      failed(reason);
      ended(137);
    }
    this.#waiting.clear();
  }
}
