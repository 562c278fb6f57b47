// @ts-check
import { spawn } from "node:child_process";

/**
 * @typedef {import("@scaler-aws-hpc/adapter-core").ChildChange} ChildChange
 * @typedef {import("@scaler-aws-hpc/adapter-core").Failure} Failure
 *
 * @typedef {object} Start what all children of a job have in common
 * @property {import("@scaler-aws-hpc/adapter-core").RunnerCommand} command what starts the runner
 * @property {import("@scaler-aws-hpc/adapter-core").BackendHost} host
 * @property {number} nice
 * @property {(hint: import("@scaler-aws-hpc/adapter-core").BackendHint) => void} tell
 */

/** How long a runner may take to obey before it is killed, in milliseconds. */
const GRACE_MS = 2_000;
/** How long the last words of a process that is gone are waited for: what it left behind may hold its output open. */
const LAST_WORDS_MS = 200;
/** Longest line of the control channel, in characters. */
const MAX_LINE = 1024 * 1024;
const LOG_LINES = 30;

/** What the runner's own word for an end is to the engine: a bad bundle stays bad, a store may recover. */
const FAILURES = /** @type {const} */ ({ cancelled: "cancelled", corrupt: "definition", store: "host", exit: "exit" });

/**
 * One child of a job: a runner process from its start to its end. It speaks the runner protocol on file descriptor 3, one JSON object a line.
 */
export class ForkedChild {
  /** Resolves when the process is gone; never rejects. @type {Promise<void>} */
  ended;
  /** Aborted at the end: what waits for a time stops then. */
  #over = new AbortController();
  /** The latest change that `changes` has not told yet. @type {ChildChange | undefined} */
  #untold;
  /** What the runner said of its end. @type {{ ok: true } | { ok: false, failure: Failure } | undefined} */
  #verdict;
  /** Why it was stopped, if somebody stopped it. @type {Failure | undefined} */
  #stopping;
  /** Until `run` was sent: what has to follow it. @type {object[] | undefined} */
  #waiting = [];
  #log = "";
  #job;
  #child;
  #start;
  #process;
  #channel;

  /**
   * @param {import("@scaler-aws-hpc/adapter-core").JobSpec} job
   * @param {number} child
   * @param {Start} start
   */
  constructor(job, child, start) {
    this.#job = job;
    this.#child = child;
    this.#start = start;
    const { file, args, env } = start.command;
    // A process group of its own: one signal reaches all of it, and Ctrl-C at the terminal is the manager's to handle.
    const stdio = /** @type {const} */ (["ignore", "pipe", "pipe", "pipe"]);
    const argv = start.nice > 0 ? ["nice", "-n", String(start.nice), file, ...args] : [file, ...args];
    const [program = file, ...rest] = argv;
    this.#process = spawn(program, rest, { detached: true, stdio: [...stdio], env: { ...process.env, ...env } });
    this.#channel = /** @type {import("node:stream").Duplex | undefined} */ (this.#process.stdio[3] ?? undefined);
    this.#channel?.on("error", () => {}); // the end of the process, which is reported as such
    this.#channel?.setEncoding("utf8");
    let line = "";
    this.#channel?.on("data", (/** @type {string} */ text) => {
      const lines = (line + text).split("\n");
      line = lines.pop() ?? "";
      for (const whole of lines) this.#hear(whole);
      if (line.length > MAX_LINE) this.#kill();
    });
    for (const output of [this.#process.stdout, this.#process.stderr])
      output?.setEncoding("utf8").on("data", (/** @type {string} */ text) => {
        this.#log = (this.#log + text).slice(-16_000);
      });
    this.ended = this.#watch();
    const reason = `the job ran longer than its limit of ${job.childLimitMs} ms`;
    this.#later(job.childLimitMs, () => this.stop({ kind: "timeout", reason }));
  }

  get over() {
    return this.#over.signal.aborted;
  }

  /** The latest change, once. */
  news() {
    const change = this.#untold;
    this.#untold = undefined;
    return change === undefined ? [] : [change];
  }

  /** @param {readonly number[]} tasks by index in the section */
  revoke(tasks) {
    this.#send({ type: "revoke", job: this.#job.name, child: this.#child, tasks });
  }

  /** Asks it to store what is finished and to end; what does not obey is killed. @param {Failure} failure */
  stop(failure) {
    if (this.over || this.#stopping !== undefined) return;
    this.#stopping = failure;
    if (this.#waiting !== undefined) return this.#kill();
    this.#send({ type: "cancel", job: this.#job.name, child: this.#child });
    this.#later(GRACE_MS, () => this.#kill());
  }

  /** @param {string} line from the runner */
  #hear(line) {
    let message;
    try {
      message = JSON.parse(line);
    } catch {
      return this.#kill();
    }
    const { type, ...rest } = message ?? {};
    const ours = rest.job === this.#job.name && rest.child === this.#child;
    if (type === "ready") this.#run(rest.protocol);
    else if (!ours) return;
    else if (type === "progress") this.#start.tell({ type, ...rest, task: rest.task ?? undefined });
    // A frame elsewhere would be read, and deleted, as another job's.
    else if (type === "frame" && String(rest.key).startsWith(this.#job.outPrefix))
      this.#start.tell({ type, job: rest.job, child: rest.child, key: rest.key });
    else if (type === "over") {
      /** @type {Failure["kind"]} */
      const kind = FAILURES[/** @type {keyof typeof FAILURES} */ (rest.kind)] ?? "exit";
      this.#verdict = rest.ok ? { ok: true } : { ok: false, failure: { kind, reason: String(rest.reason) } };
      // To a runner, the end of the channel is the end of its manager: it goes.
      this.#channel?.end();
      this.#later(GRACE_MS, () => this.#kill());
    }
  }

  /** @param {unknown} protocol */
  #run(protocol) {
    if (protocol !== 1) {
      const reason = `the runner speaks protocol ${protocol}, this backend speaks 1`;
      return this.stop({ kind: "image", reason });
    }
    if (this.#waiting === undefined || this.#stopping !== undefined) return;
    const { name: job, secret, payload, outPrefix } = this.#job;
    const bundle = payload.kind === "bundle" ? payload.key : null;
    const what = { job, child: this.#child, attempt: 1, secret, store: payload.store, bundle, inline: null, outPrefix };
    const messages = [{ type: "run", ...what, manager: this.#start.host.managerId }, ...this.#waiting];
    this.#waiting = undefined;
    this.#change({ job, child: this.#child, state: "running", attempt: 1 });
    for (const message of messages) this.#send(message);
  }

  /** @param {object} message */
  #send(message) {
    if (this.#waiting !== undefined) this.#waiting.push(message);
    else if (this.#channel?.writable) this.#channel.write(`${JSON.stringify(message)}\n`);
  }

  #kill() {
    const { pid } = this.#process;
    if (pid === undefined || this.over) return;
    try {
      process.kill(-pid, "SIGKILL");
    } catch {
      // Gone already.
    }
  }

  async #watch() {
    const process = this.#process;
    /** @type {Promise<string>} */
    const exit = new Promise((resolve) => {
      process.once("error", (error) => resolve(`could not be started: ${error.message}`));
      process.once("exit", (code, signal) =>
        resolve(signal === null ? `ended with exit code ${code}` : `was ended by ${signal}`),
      );
    });
    const closed = new Promise((resolve) => process.once("close", resolve));
    const how = await exit;
    if (process.pid !== undefined) await Promise.race([closed, this.#start.host.clock.sleep(LAST_WORDS_MS)]);
    this.#kill(); // what is left of its group
    for (const stream of process.stdio) stream?.destroy();
    const ref = { job: this.#job.name, child: this.#child, attempt: 1 };
    this.#over.abort();
    if (this.#verdict?.ok && this.#stopping === undefined) return this.#change({ ...ref, state: "succeeded" });
    const logTail = this.#log.trimEnd().split("\n").slice(-LOG_LINES);
    /** @type {Failure["kind"]} */
    const kind = this.#waiting === undefined ? "exit" : "image";
    const said = this.#verdict?.ok === false ? this.#verdict.failure : undefined;
    const failure = this.#stopping ?? said ?? { kind, reason: `the runner ${how}`, logTail };
    this.#change({ ...ref, state: "failed", failure });
  }

  /** @param {ChildChange} change */
  #change(change) {
    this.#untold = change;
    this.#start.tell({ type: "changed", changes: [change] });
  }

  /** Does something unless it is over by then. @param {number} ms @param {() => void} act */
  #later(ms, act) {
    this.#start.host.clock.sleep(ms, { signal: this.#over.signal }).then(act, () => {});
  }
}
