import assert from "node:assert/strict";
import { createHash, randomBytes } from "node:crypto";
import type { Backend, BackendHint, ChildChange, ChildRef, JobSpec } from "../contracts/backend.ts";
import type { PayloadStore } from "../contracts/payload-store.ts";
import { encodeBundle } from "../formats/bundle.ts";
import type { FrameResult } from "../formats/frame.ts";
import { decodeFrame, type Frame, frameBlob } from "../formats/frame-decode.ts";
import { bundleKey, outPrefix } from "../formats/keys.ts";
import { encodeSection, type SectionObject } from "../formats/section.ts";
import { pause, within } from "./expectations.ts";
import type { Workload, WorkloadCall } from "./workload.ts";

/** Manager id of every job of a suite. */
const MANAGER = "conformance";

/** What a case may choose about a job. */
export interface JobChoices {
  readonly name?: string;
  readonly taskLimitMs?: number;
  readonly fresh?: boolean;
  readonly inline?: boolean;
  /** Changes the bytes of the bundle, or withholds them. */
  readonly bundle?: (bytes: Buffer) => Buffer | undefined;
  /** Another key than the bundle was signed with. */
  readonly secret?: string;
}

/** Builds jobs, watches them and reads their frames: the hands of the backend cases. */
export class BackendBench {
  readonly backend: Backend;
  readonly store: PayloadStore;
  readonly workload: Workload;
  readonly patienceMs: number;
  /** Every hint so far, in order. */
  readonly hints: BackendHint[] = [];
  /** Every change that {@link poll} reported, in order. */
  readonly polled: ChildChange[] = [];

  constructor(place: { backend: Backend; store: PayloadStore }, workload: Workload, patienceMs: number) {
    this.backend = place.backend;
    this.store = place.store;
    this.workload = workload;
    this.patienceMs = patienceMs;
    this.backend.watch((hint) => this.hints.push(hint));
  }

  /** Stores a bundle with one section per list of calls, and gives the job that would run it. */
  async prepare(children: readonly (readonly WorkloadCall[])[], choices: JobChoices = {}): Promise<JobSpec> {
    const name = choices.name ?? `${MANAGER}-${randomBytes(8).toString("hex")}`;
    const secret = randomBytes(32).toString("hex");
    const taskLimitMs = choices.taskLimitMs ?? 600_000;
    const fresh = choices.fresh ?? false;
    const sections = children.map((calls, child) => {
      const objects = [this.workload.serializer, ...calls.flatMap((call) => [call.fn, ...call.args])].map(objectOf);
      const tasks = calls.map((call, index) => ({
        id: taskId(name, child, index),
        fn: objectOf(call.fn).id,
        args: call.args.map((arg) => objectOf(arg).id),
        stream: false,
        profiling: true,
      }));
      const client = Buffer.from("Client|conformance").toString("hex");
      const serializer = objectOf(this.workload.serializer).id;
      const limits = { taskLimitMs, flushMs: this.store.traits.flushMs, flushBytes: 8 << 20, fresh };
      return encodeSection({ job: name, child, client, ...limits, serializer, objects, tasks });
    });
    const bytes = Buffer.concat(await encodeBundle({ job: name, secret, sections }));
    const bundle = choices.bundle ? choices.bundle(bytes) : bytes;
    const store = this.store.locator;
    const key = bundleKey(MANAGER, name);
    if (bundle && !choices.inline) await this.store.put(key, bundle);
    return {
      name,
      profile: "default",
      runner: this.workload.runner,
      children: children.length,
      payload: choices.inline
        ? { kind: "inline", bundle: bundle ?? bytes, store }
        : { kind: "bundle", key, bytes: bytes.length, store },
      outPrefix: outPrefix(MANAGER, name),
      secret: choices.secret ?? secret,
      tasksPerChild: children.map((calls) => calls.length),
      taskLimitMs,
      childLimitMs: 600_000,
      attempts: 1,
      fresh,
    };
  }

  /** Prepares and submits. */
  async start(children: readonly (readonly WorkloadCall[])[], choices?: JobChoices): Promise<JobSpec> {
    const job = await this.prepare(children, choices);
    await within(this.patienceMs, `submit ${job.name}`, this.backend.submit(job));
    return job;
  }

  /** Asks for changes once and remembers them. */
  async poll(...jobs: readonly string[]): Promise<readonly ChildChange[]> {
    const changes = await within(this.patienceMs, "changes", this.backend.changes(jobs));
    this.polled.push(...changes);
    return changes;
  }

  /** Waits, by polling alone, until a child is over. */
  async over(job: string, child = 0): Promise<ChildChange> {
    return await this.until(`the end of child ${child} of ${job}`, async () => {
      await this.poll(job);
      return this.polled.findLast(
        (change) => change.job === job && change.child === child && change.state !== "running",
      );
    });
  }

  /** Waits until a task of a child was seen to run, or a while has passed where the backend does not tell. */
  async running(ref: ChildRef, task: number): Promise<void> {
    const seen = async (): Promise<true | undefined> =>
      this.hints.some((h) => h.type === "progress" && h.job === ref.job && h.child === ref.child && h.task === task) ||
      undefined;
    if (this.backend.traits.pushes) await this.until(`task ${task} to run`, seen);
    else {
      await this.until("a running child", async () =>
        (await this.poll(ref.job)).find((change) => change.child === ref.child),
      );
      await pause(1500);
    }
  }

  /** Waits until `look` finds something. */
  async until<T>(what: string, look: () => Promise<T | undefined>): Promise<T> {
    const end = performance.now() + this.patienceMs;
    while (true) {
      const found = await look();
      if (found !== undefined) return found;
      assert.ok(performance.now() < end, `${what}: not within ${this.patienceMs} ms`);
      await pause(10);
    }
  }

  /** The frames of a job that are in the store, verified, in order of key. */
  async frames(job: JobSpec): Promise<readonly Frame[]> {
    const frames: Frame[] = [];
    for await (const { key } of this.store.list(job.outPrefix)) {
      const found = await this.store.get(key);
      assert.ok(found, key);
      frames.push(await decodeFrame(key, found.body, job.secret));
    }
    return frames;
  }

  /** Results of a child by index of task; each task may stand in one frame only. */
  async results(job: JobSpec, child = 0): Promise<ReadonlyMap<number, FrameResult>> {
    const results = new Map<number, FrameResult>();
    for (const frame of await this.frames(job)) {
      if (frame.child !== child) continue;
      for (const result of frame.results) {
        assert.ok(!results.has(result.task), `task ${result.task} has two results`);
        assert.equal(result.id, taskId(job.name, child, result.task));
        results.set(result.task, result);
      }
    }
    return results;
  }

  /** Requires a task to have ended in this way, with this text in the bytes of its result. */
  async finished(result: FrameResult | undefined, status: "ok" | "error", text: string): Promise<void> {
    assert.ok(result, "no result");
    assert.ok(result.status !== "died", `died: ${JSON.stringify(result)}`);
    const blob = Buffer.from(await frameBlob({ key: "result" }, result));
    assert.equal(result.status, status, blob.toString("latin1"));
    assert.ok(blob.includes(text), `${text} is not in ${blob.toString("latin1")}`);
  }
}

function objectOf(bytes: Uint8Array): SectionObject & { bytes: Uint8Array } {
  return { id: createHash("sha256").update(bytes).digest("hex"), bytes, raw: bytes.length, gzip: false };
}

function taskId(job: string, child: number, index: number): string {
  return createHash("md5").update(`${job}.${child}.${index}`).digest("hex");
}
