import { type Job, readJob } from "../job/job.ts";
import { openStore } from "../store/open-store.ts";
import { LANGUAGE, PROTOCOL, RUNNER_VERSION } from "../versions.ts";
import { ChildRun, type Progress } from "./child-run.ts";
import { ControlChannel } from "./control-channel.ts";
import { CpuMeter } from "./cpu-meter.ts";
import { type Ending, endingOf } from "./ending.ts";
import type { Executors } from "./executors.ts";
import { leave } from "./leave.ts";
import { killMyself } from "./process-family.ts";

const CONTROL_FD = 3;
const EXIT_TERM = 143;

type Message = Readonly<Record<string, unknown>>;

/** Runs children one after another as a manager tells, until it tells the end or is gone. */
class Server {
  readonly #channel: ControlChannel;
  readonly #executors: Executors;
  readonly #cpu = new CpuMeter();
  #run: { readonly job: Job; readonly child: ChildRun } | undefined;
  #exitCode: number | undefined;

  constructor(executors: Executors) {
    this.#executors = executors;
    this.#channel = new ControlChannel(CONTROL_FD, {
      message: (message) => this.#hear(message),
      // The manager is gone: so are its runners, at once.
      ended: (reason) => {
        if (reason !== undefined) process.stderr.write(`${reason}\n`);
        executors.close();
        killMyself();
      },
    });
    process.on("SIGTERM", () => this.#stop());
    // A Ctrl-C at the terminal is the manager's to handle.
    process.on("SIGINT", () => undefined);
    const who = { runner: "node", version: RUNNER_VERSION, language: LANGUAGE, pid: process.pid };
    this.#channel.say({ type: "ready", protocol: PROTOCOL, ...who });
  }

  #hear(message: Message): void {
    if (message.type === "run") void this.#begin(message);
    else if (message.type === "exit") void this.#leave(0);
    else if (this.#run?.job.job !== message.job || this.#run?.job.child !== message.child) return;
    else if (message.type === "revoke") this.#run?.child.revoke(numbers(message.tasks));
    else if (message.type === "cancel") this.#run?.child.stop("cancelled", "the job was cancelled");
    // Others belong to a newer manager: ignored.
  }

  async #begin(message: Message): Promise<void> {
    const ref = { job: message.job, child: message.child };
    const over = (ending: Ending): void => this.#channel.say({ type: "over", ...ref, ...ending });
    if (this.#run !== undefined)
      return over({ ok: false, kind: "exit", reason: "the runner is busy with another job" });
    let job: Job;
    let child: ChildRun;
    try {
      job = readJob(message);
      child = new ChildRun({
        job,
        store: openStore(job.store),
        executors: this.#executors,
        alone: false,
        listener: {
          frame: (key) => this.#channel.say({ type: "frame", ...ref, key }),
          progress: (progress) => this.#progress(ref, progress),
        },
      });
    } catch (reason) {
      return over(endingOf(reason));
    }
    this.#run = { job, child };
    const ending = await child.run();
    this.#run = undefined;
    over(ending);
    if (this.#exitCode !== undefined) await this.#leave(this.#exitCode);
    else this.#executors.warm();
  }

  #progress(ref: object, progress: Progress): void {
    this.#channel.mention({ type: "progress", ...ref, ...progress, ...this.#cpu.read(progress.pid) });
  }

  #stop(): void {
    this.#exitCode = EXIT_TERM;
    if (this.#run === undefined) void this.#leave(EXIT_TERM);
    else this.#run.child.stop("exit", "the runner was told to stop (SIGTERM)");
  }

  async #leave(code: number): Promise<void> {
    await this.#channel.flushed();
    leave(code, this.#executors);
  }
}

/** Starts the runner of a manager on this machine. Without a control channel it ends with code 2. */
export function serve(executors: Executors): void {
  try {
    new Server(executors);
  } catch {
    process.stderr.write(
      "file descriptor 3, the control channel, is not open; this program is started by scaler-aws-hpc\n",
    );
    leave(2, executors);
  }
}

function numbers(value: unknown): readonly number[] {
  return Array.isArray(value) ? value.filter((one) => Number.isInteger(one)) : [];
}
