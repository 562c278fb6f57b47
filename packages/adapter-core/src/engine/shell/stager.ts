import { randomBytes } from "node:crypto";
import type { Backend, JobName, JobSpec } from "../../contracts/backend.ts";
import type { PayloadStore } from "../../contracts/payload-store.ts";
import { encodeBundle } from "../../formats/bundle.ts";
import { compress } from "../../formats/gzip.ts";
import { bundleKey, outPrefix } from "../../formats/keys.ts";
import { encodeSection, type SectionObject } from "../../formats/section.ts";
import type { ObjectCache } from "../../objects/object-cache.ts";
import type { JobPlan } from "../core/effect.ts";
import type { TaskMessage } from "../core/event.ts";
import type { ObjectId } from "../core/ids.ts";
import { again, passesByItself, passesInTime } from "./again.ts";
import { bodyOf } from "./body.ts";
import { Gate } from "./gate.ts";
import { type AbsentTask, type Gathered, type GatherLimits, gather } from "./gather.ts";
import type { ShellHost } from "./host.ts";
import type { JobBook } from "./job-book.ts";
import { serializerId } from "./serializer-id.ts";
import type { SharedObjects } from "./shared-objects.ts";
import type { Sweeper } from "./sweeper.ts";

/** Jobs whose objects are fetched and written at the same time: bounds memory, loses no speed. */
const STAGES_AT_ONCE = 8;
/** Big objects of one job that are stored at the same time. */
const SHARES_AT_ONCE = 16;
const FLUSH_BYTES = 8 * 1024 * 1024;
/** Time above its tasks' own limits that a child gets before the backend stops it. */
const CHILD_MARGIN_MS = 300_000;

/** Options of {@link Stager}. */
export interface StagerOptions {
  readonly cache: ObjectCache;
  readonly shared: SharedObjects;
  readonly sweeper: Sweeper;
  readonly book: JobBook;
  readonly store: PayloadStore;
  readonly backend: Backend;
  readonly managerId: string;
  readonly limits: GatherLimits;
  /** Objects above this many bytes are stored once per manager. */
  readonly shareAboveBytes: number;
}

/** Turns a job plan into a bundle that is stored and a job that can be submitted. */
export class Stager {
  readonly #host: ShellHost;
  readonly #options: StagerOptions;
  readonly #gate = new Gate({ most: STAGES_AT_ONCE });

  constructor(host: ShellHost, options: StagerOptions) {
    this.#host = host;
    this.#options = options;
  }

  /** Answers by `staged`, then by one `fetched` for each task that was absent. */
  async stage(plan: JobPlan): Promise<void> {
    const { tell } = this.#host;
    const packs: Gathered[] = [];
    const leave = await this.#gate.enter();
    try {
      packs.push(...(await this.#gatherAll(plan)));
      await this.#write(plan, packs);
      const absent = packs.flatMap((pack) => pack.absent);
      const deferred = packs.flatMap((pack) => pack.deferred);
      tell({
        type: "staged",
        job: plan.name,
        outcome: { ok: true, absent: idsOf(absent.map(({ task }) => task)), deferred: idsOf(deferred) },
      });
      for (const one of absent) void this.#report(plan.name, one);
    } catch (reason) {
      if (this.#host.signal.aborted) return;
      this.release(plan.name);
      const message = reason instanceof Error ? reason.message : String(reason);
      const retry = passesByItself(reason);
      this.#host.log.warn("a job could not be staged", { job: plan.name, reason: message, retry });
      tell({ type: "staged", job: plan.name, outcome: { ok: false, retry, message } });
    } finally {
      for (const pack of packs) pack.release();
      leave();
    }
  }

  /** Lets go of a job: its bundle goes, and the objects that only it used. */
  release(job: JobName): void {
    const { book, shared, sweeper, managerId } = this.#options;
    const removed = book.remove(job);
    shared.release(job);
    if (removed?.spec.payload.kind === "bundle") sweeper.delete([bundleKey(managerId, job)]);
  }

  async #gatherAll(plan: JobPlan): Promise<Gathered[]> {
    const { cache, limits } = this.#options;
    const { clock, signal } = this.#host;
    const gathered = await Promise.allSettled(plan.packs.map((pack) => gather(pack, cache, limits, clock, signal)));
    const failed = gathered.find((one) => one.status === "rejected");
    const packs = gathered.flatMap((one) => (one.status === "fulfilled" ? [one.value] : []));
    if (failed === undefined) return packs;
    for (const pack of packs) pack.release();
    throw failed.reason;
  }

  async #report(job: JobName, { task, missing }: AbsentTask): Promise<void> {
    this.#host.tell({ type: "fetched", taskId: task.taskId, job, missing: await missing });
  }

  /** Packs of which nothing is ready make no child: the core numbers children by the packs that are left. */
  async #write(plan: JobPlan, packs: readonly Gathered[]): Promise<void> {
    const { book, backend, store, managerId } = this.#options;
    const { signal } = this.#host;
    const filled = packs.flatMap((pack, index) => (pack.ready.length > 0 ? [{ pack, plan: plan.packs[index] }] : []));
    if (filled.length === 0) return;
    await this.#share(plan.name, packs);
    const secret = randomBytes(32).toString("hex");
    const sections: Uint8Array[][] = [];
    for (const [child, { pack, plan: packPlan }] of filled.entries()) {
      const source = packPlan?.source ?? "";
      const holders = new Map(packPlan?.tasks.map((task, at) => [task.taskId, packPlan.holders[at]]));
      const objects: SectionObject[] = [];
      for (const [id, bytes] of pack.objects) objects.push(await this.#object(plan.name, id, bytes));
      sections.push(
        encodeSection({
          job: plan.name,
          child,
          client: source,
          taskLimitMs: plan.taskLimitMs,
          flushMs: store.traits.flushMs,
          flushBytes: FLUSH_BYTES,
          fresh: plan.fresh,
          packBudgetMs: plan.packBudgetMs,
          serializer: serializerId(source),
          objects,
          tasks: pack.ready.map((task) => ({
            id: task.taskId,
            fn: task.functionId,
            args: task.argumentIds,
            stream: task.streamOutput,
            profiling: true,
            ...(holders.get(task.taskId) !== undefined && { holder: holders.get(task.taskId) as string }),
          })),
        }),
      );
    }
    const pieces = await encodeBundle({ job: plan.name, secret, sections }, { signal });
    const bytes = pieces.reduce((sum, piece) => sum + piece.length, 0);
    const inline = bytes <= backend.traits.inlineBytes;
    const key = bundleKey(managerId, plan.name);
    if (!inline) await this.#put(key, pieces);
    const tasksPerChild = filled.map(({ pack }) => pack.ready.length);
    const spec: JobSpec = {
      name: plan.name,
      profile: plan.profile,
      runner: plan.runner,
      children: filled.length,
      payload: inline
        ? { kind: "inline", bundle: Buffer.concat(pieces), store: store.locator }
        : { kind: "bundle", key, bytes, store: store.locator },
      outPrefix: outPrefix(managerId, plan.name),
      secret,
      tasksPerChild,
      taskLimitMs: plan.taskLimitMs,
      // The last task of a pack starts within the budget, and may take its own limit.
      childLimitMs: (Math.max(...tasksPerChild) > 1 ? plan.packBudgetMs : 0) + plan.taskLimitMs + CHILD_MARGIN_MS,
      fresh: plan.fresh,
      attempts: plan.attempts,
    };
    book.add(
      spec,
      filled.map(({ pack }) => idsOf(pack.ready)),
    );
  }

  /** Stores the big objects of a job, several at a time: one after another, each would cost the store's latency. */
  async #share(job: JobName, packs: readonly Gathered[]): Promise<void> {
    const big = new Map<ObjectId, Uint8Array>();
    for (const { objects } of packs) {
      for (const [id, bytes] of objects) if (bytes.length > this.#options.shareAboveBytes) big.set(id, bytes);
    }
    const gate = new Gate({ most: SHARES_AT_ONCE });
    await Promise.all(
      [...big].map(async ([id, bytes]) => {
        const leave = await gate.enter();
        await this.#object(job, id, bytes).finally(leave);
      }),
    );
  }

  async #object(job: JobName, id: ObjectId, bytes: Uint8Array): Promise<SectionObject> {
    const { shared, store, shareAboveBytes } = this.#options;
    const { signal } = this.#host;
    if (bytes.length > shareAboveBytes) return await this.#again(() => shared.hold(job, id, bytes, { signal }));
    if (!store.traits.compress) return { id, raw: bytes.length, gzip: false, bytes };
    return { id, raw: bytes.length, ...(await compress(bytes, { signal })) };
  }

  async #put(key: string, pieces: readonly Uint8Array[]): Promise<void> {
    const { store } = this.#options;
    await this.#again(() => store.put(key, bodyOf(store.traits, pieces), { signal: this.#host.signal }));
  }

  /** Waits out a store that is out of reach: the tasks of one job are held, which costs them less than an attempt each. */
  #again<T>(work: () => Promise<T>): Promise<T> {
    return again(this.#host, work, { saying: "a job could not be stored; trying again", passes: passesInTime });
  }
}

function idsOf(tasks: readonly TaskMessage[]): string[] {
  return tasks.map((task) => task.taskId);
}
