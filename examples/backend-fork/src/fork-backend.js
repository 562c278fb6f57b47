// @ts-check
import { AdapterError } from "@scaler-aws-hpc/adapter-core";
import { ForkedChild } from "./forked-child.js";

/**
 * @typedef {import("@scaler-aws-hpc/adapter-core").AbortOptions} AbortOptions
 * @typedef {import("@scaler-aws-hpc/adapter-core").Backend} Backend
 * @typedef {import("@scaler-aws-hpc/adapter-core").BackendHint} BackendHint
 * @typedef {import("@scaler-aws-hpc/adapter-core").BackendHost} BackendHost
 * @typedef {import("@scaler-aws-hpc/adapter-core").ChildChange} ChildChange
 * @typedef {import("@scaler-aws-hpc/adapter-core").ChildRef} ChildRef
 * @typedef {import("@scaler-aws-hpc/adapter-core").JobSpec} JobSpec
 */

/** Jobs that are kept, ended ones too, so that a repeated submit or a late question is answered. */
const REMEMBERED = 1_000;

/**
 * Runs each child of a job as a process of this machine.
 *
 * @implements {Backend}
 */
export class ForkBackend {
  /** @type {import("@scaler-aws-hpc/adapter-core").BackendTraits} */
  traits = {
    maxChildren: 4,
    inlineBytes: 0,
    pushes: true,
    revokes: true,
    window: { quietMs: 5, maxMs: 50 },
    // What a Python process takes to start: the engine packs short tasks until this no longer matters.
    startMs: 200,
    pollMs: 1_000,
  };
  /** Children by name of job, the oldest job first. @type {Map<string, readonly ForkedChild[]>} */
  #jobs = new Map();
  /** @type {(hint: BackendHint) => void} */
  #listener = () => {};
  #disposed = false;
  #host;
  #options;

  /**
   * @param {BackendHost} host what the program gives to every backend
   * @param {{ nice: number }} options what the user chose
   */
  constructor(host, options) {
    this.#host = host;
    this.#options = options;
  }

  /** @param {(hint: BackendHint) => void} listener */
  watch(listener) {
    this.#listener = listener;
  }

  /**
   * @param {JobSpec} job
   * @param {AbortOptions} [options]
   */
  async submit(job, options) {
    this.#check(options);
    // The name is the job: what was asked for twice runs once.
    if (this.#jobs.has(job.name)) return;
    const { maxChildren } = this.traits;
    if (job.children > maxChildren)
      throw new AdapterError("too-large", `job ${job.name}: ${job.children} children, at most ${maxChildren}`);
    if (job.payload.kind === "inline")
      throw new AdapterError("too-large", `job ${job.name}: this backend takes no inline bundle`);
    const record = this.#host.runners.find(({ name }) => name === job.runner);
    if (record?.command === undefined)
      throw new AdapterError("rejected", `job ${job.name}: the runner ${job.runner} cannot be run on this machine`);
    const command = record.command(this.#host.runnerOptions);
    const start = { ...this.#options, command, host: this.#host, tell: this.#tell };
    this.#jobs.set(
      job.name,
      Array.from({ length: job.children }, (_, child) => new ForkedChild(job, child, start)),
    );
    this.#forget();
  }

  /**
   * @param {readonly string[]} jobs
   * @param {AbortOptions} [options]
   */
  async changes(jobs, options) {
    this.#check(options);
    return jobs.flatMap((name) => {
      const children = this.#jobs.get(name);
      if (children !== undefined) return children.flatMap((child) => child.news());
      /** @type {ChildChange} */
      const lost = {
        job: name,
        child: 0,
        state: "failed",
        attempt: 1,
        failure: { kind: "lost", reason: "no such job here" },
      };
      return [lost];
    });
  }

  /**
   * @param {readonly ChildRef[]} children
   * @param {string} reason
   * @param {AbortOptions} [options]
   */
  async cancel(children, reason, options) {
    this.#check(options);
    for (const { job, child } of children) this.#jobs.get(job)?.[child]?.stop({ kind: "cancelled", reason });
  }

  /**
   * @param {ChildRef} ref
   * @param {readonly number[]} tasks
   * @param {AbortOptions} [options]
   */
  async revoke({ job, child }, tasks, options) {
    this.#check(options);
    this.#jobs.get(job)?.[child]?.revoke(tasks);
  }

  /** @param {AbortOptions} [options] */
  async list(options) {
    this.#check(options);
    return [...this.#jobs]
      .filter(([, children]) => children.some(({ over }) => !over))
      .map(([name, children]) => ({ name, children: children.length }));
  }

  async [Symbol.asyncDispose]() {
    this.#disposed = true;
    const children = [...this.#jobs.values()].flat();
    for (const child of children) child.stop({ kind: "cancelled", reason: "the backend is closed" });
    await Promise.all(children.map((child) => child.ended));
  }

  #tell = (/** @type {BackendHint} */ hint) => this.#listener(hint);

  /** @param {AbortOptions | undefined} options */
  #check(options) {
    options?.signal?.throwIfAborted();
    if (this.#disposed) throw new AdapterError("unavailable", "the fork backend is closed");
  }

  #forget() {
    for (const [name, children] of this.#jobs) {
      if (this.#jobs.size <= REMEMBERED) return;
      if (children.every(({ over }) => over)) this.#jobs.delete(name);
    }
  }
}
