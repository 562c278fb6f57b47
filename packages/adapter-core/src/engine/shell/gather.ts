import type { Clock } from "../../contracts/host.ts";
import type { ObjectCache, Pin } from "../../objects/object-cache.ts";
import type { PackPlan } from "../core/effect.ts";
import type { TaskMessage } from "../core/event.ts";
import type { ObjectId } from "../core/ids.ts";
import { serializerId } from "./serializer-id.ts";

/** Limits of {@link gather}. */
export interface GatherLimits {
  /** Bytes of one pack's objects, but at least one task. */
  readonly maxPackBytes: number;
  /** Bytes of one task's objects. */
  readonly maxPayloadBytes: number;
  /** How long nothing may come before tasks go without those that miss something, in milliseconds. */
  readonly absentAfterMs: number;
}

/** A task that cannot go now: `missing` resolves to `undefined` once all its objects are here, or to what is wrong in words. */
export interface AbsentTask {
  readonly task: TaskMessage;
  readonly missing: Promise<string | undefined>;
}

/** What {@link gather} found of a pack. */
export interface Gathered {
  readonly ready: readonly TaskMessage[];
  readonly absent: readonly AbsentTask[];
  readonly deferred: readonly TaskMessage[];
  /** The objects of the ready tasks, serializer first; pinned until `release`. */
  readonly objects: ReadonlyMap<ObjectId, Uint8Array>;
  release(): void;
}

interface Wanted {
  readonly pin: Pin;
  bytes: Uint8Array | undefined;
  failure: string | undefined;
}

/** A reason of our own: making the default one costs more than all else here. */
const ENOUGH = new Error("no longer needed");

const MOST_AT_ONCE = 64;
const FIRST_AT_ONCE = 8;

/**
 * Fetches what a pack needs, in the order of its tasks, so many at once as their sizes allow, and stops asking when enough bytes are here.
 * Objects that did not come stay requested: `absent` tells when they do.
 */
export async function gather(
  pack: PackPlan,
  cache: ObjectCache,
  limits: GatherLimits,
  clock: Clock,
  signal: AbortSignal,
): Promise<Gathered> {
  const serializer = serializerId(pack.source);
  const needs = (task: TaskMessage): readonly ObjectId[] => [serializer, task.functionId, ...task.argumentIds];
  const ids = [...new Set(pack.tasks.flatMap(needs))];
  const wanted = new Map<ObjectId, Wanted>();
  let next = 0;
  let flying = 0;
  let largest = 0;
  let held = 0;
  let lastCame = clock.now();
  let wake = Promise.withResolvers<void>();

  const request = (id: ObjectId): void => {
    const want: Wanted = { pin: cache.acquire(id), bytes: undefined, failure: undefined };
    wanted.set(id, want);
    flying += 1;
    const settle = (): void => {
      flying -= 1;
      lastCame = clock.now();
      wake.resolve();
    };
    want.pin.bytes.then(
      (bytes) => {
        want.bytes = bytes;
        held += bytes.length;
        largest = Math.max(largest, bytes.length);
        settle();
      },
      (reason: unknown) => {
        want.failure = reason instanceof Error ? reason.message : String(reason);
        settle();
      },
    );
  };
  const firstIsHere = (): boolean => {
    const first = pack.tasks[0];
    return first !== undefined && needs(first).every((id) => wanted.get(id)?.bytes !== undefined);
  };
  const atOnce = (): number => {
    if (largest === 0) return FIRST_AT_ONCE;
    return Math.max(1, Math.min(MOST_AT_ONCE, Math.floor((limits.maxPackBytes - held) / largest)));
  };
  const enough = (): boolean => (held >= limits.maxPackBytes || cache.full) && firstIsHere();

  let timedOut = false;
  let timer: AbortController | undefined;
  const watch = async (over: AbortSignal): Promise<void> => {
    for (;;) {
      const rest = lastCame + limits.absentAfterMs - clock.now();
      if (rest <= 0) break;
      await clock.sleep(rest, { signal: over });
    }
    timedOut = true;
    wake.resolve();
  };
  const onAbort = (): void => wake.resolve();
  signal.addEventListener("abort", onAbort, { once: true });
  try {
    for (;;) {
      while (next < ids.length && flying < atOnce() && !enough()) {
        const id = ids[next++];
        if (id !== undefined) request(id);
      }
      if (flying === 0 || timedOut) break;
      if (timer === undefined) {
        timer = new AbortController();
        watch(timer.signal).catch(() => {});
      }
      await wake.promise;
      signal.throwIfAborted();
      wake = Promise.withResolvers<void>();
    }
  } catch (reason) {
    for (const { pin } of wanted.values()) cache.release(pin);
    throw reason;
  } finally {
    timer?.abort(ENOUGH);
    signal.removeEventListener("abort", onAbort);
  }
  return sort(pack, needs, wanted, cache, limits);
}

function sort(
  pack: PackPlan,
  needs: (task: TaskMessage) => readonly ObjectId[],
  wanted: ReadonlyMap<ObjectId, Wanted>,
  cache: ObjectCache,
  limits: GatherLimits,
): Gathered {
  const ready: TaskMessage[] = [];
  const absent: AbsentTask[] = [];
  const deferred: TaskMessage[] = [];
  const objects = new Map<ObjectId, Uint8Array>();
  let bytes = 0;
  for (const task of pack.tasks) {
    const parts = needs(task).map((id) => wanted.get(id));
    if (parts.some((part) => part === undefined)) {
      deferred.push(task);
      continue;
    }
    const failure = parts.find((part) => part?.failure !== undefined)?.failure;
    if (failure !== undefined) {
      absent.push({ task, missing: Promise.resolve(failure) });
      continue;
    }
    if (parts.some((part) => part?.bytes === undefined)) {
      absent.push({ task, missing: arrival(parts) });
      continue;
    }
    const unique = new Map(parts.flatMap((part) => (part?.bytes ? [[part.pin.id, part.bytes] as const] : [])));
    let own = 0;
    let added = 0;
    for (const [id, body] of unique) {
      own += body.length;
      if (!objects.has(id)) added += body.length;
    }
    if (own > limits.maxPayloadBytes) {
      absent.push({ task, missing: Promise.resolve(`payload of ${own} bytes is above --max-payload`) });
    } else if (bytes + added > limits.maxPackBytes && ready.length > 0) {
      deferred.push(task);
    } else {
      for (const [id, body] of unique) objects.set(id, body);
      bytes += added;
      ready.push(task);
    }
  }
  // What nobody waits for any more may go; what is still on its way stays until it is here, for the task to find it.
  for (const [id, { pin, bytes: body, failure }] of wanted) {
    if (objects.has(id)) continue;
    const release = (): void => cache.release(pin);
    if (body !== undefined || failure !== undefined) release();
    else pin.bytes.then(release, release);
  }
  const release = (): void => {
    for (const id of objects.keys()) {
      const pin = wanted.get(id)?.pin;
      if (pin !== undefined) cache.release(pin);
    }
  };
  return { ready, absent, deferred, objects, release };
}

async function arrival(parts: readonly (Wanted | undefined)[]): Promise<string | undefined> {
  for (const part of parts) {
    try {
      await part?.pin.bytes;
    } catch (reason) {
      return reason instanceof Error ? reason.message : String(reason);
    }
  }
  return undefined;
}
