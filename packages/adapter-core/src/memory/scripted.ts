import { AdapterError, type AdapterErrorCode } from "../contracts/adapter-error.ts";
import { untilAborted } from "../stores/until-aborted.ts";

/**
 * What one call does.
 *
 * | step | meaning |
 * |---|---|
 * | `ok` | passes through |
 * | a code | fails with it, before anything was done |
 * | `stall` | never settles, but for an abort; nothing is done |
 * | `{ after: code }` | is done, then fails: the caller cannot know |
 * | `{ stallAfter: true }` | is done, then never settles, but for an abort |
 */
export type ScriptStep =
  | "ok"
  | "stall"
  | AdapterErrorCode
  | { readonly after: AdapterErrorCode }
  | { readonly stallAfter: true };

type MethodName<T> = { [K in keyof T]: T[K] extends ((...args: never[]) => unknown) | undefined ? K : never }[keyof T] &
  string;

/** Steps by method: the first is for the first call; calls after the last step pass through. */
export type Script<T> = { readonly [K in MethodName<T>]?: readonly ScriptStep[] };

/** What {@link scripted} returns: the contract itself, with every call of every method on record. */
export type Scripted<T> = T & {
  /** Arguments of each call by method, in order. */
  readonly calls: { readonly [K in MethodName<T>]: readonly (readonly unknown[])[] };
  /** Appends steps while the test runs. */
  script(steps: Script<T>): void;
};

/**
 * Puts a script of faults in front of a full implementation of a contract (a store, a backend) and records its calls.
 * A method that is an async generator fails when it is first read. A method that returns nothing at once only takes `ok`.
 */
export function scripted<T extends object>(target: T, script: Script<T> = {}): Scripted<T> {
  const calls = new Map<string, unknown[][]>();
  const steps = new Map<string, ScriptStep[]>();
  const add = (more: Script<T>): void => {
    for (const [name, list] of Object.entries(more)) {
      entryOf(steps, name).push(...((list as readonly ScriptStep[] | undefined) ?? []));
    }
  };
  add(script);
  const recorded = new Proxy({}, { get: (_, name) => (typeof name === "string" ? entryOf(calls, name) : undefined) });
  const wrapped = new Map<PropertyKey, unknown>();
  return new Proxy(target, {
    get(whole, name) {
      if (name === "calls") return recorded;
      if (name === "script") return add;
      const value: unknown = Reflect.get(whole, name, whole);
      if (typeof value !== "function") return value;
      if (typeof name === "symbol") return value.bind(whole);
      const known = wrapped.get(name);
      if (known) return known;
      const method = (...args: unknown[]): unknown => {
        entryOf(calls, name).push(args);
        const step = entryOf(steps, name).shift() ?? "ok";
        const call = (): unknown => Reflect.apply(value, whole, args);
        if (step === "ok") return call();
        const signal = signalOf(args);
        return isGenerator(value) ? failing(name, step, call, signal) : perform(name, step, call, signal);
      };
      wrapped.set(name, method);
      return method;
    },
  }) as Scripted<T>;
}

async function perform(
  name: string,
  step: Exclude<ScriptStep, "ok">,
  call: () => unknown,
  signal?: AbortSignal,
): Promise<never> {
  signal?.throwIfAborted();
  if (typeof step === "string" && step !== "stall") throw new AdapterError(step, `scripted fault of ${name}`);
  if (typeof step === "object") await call();
  if (typeof step === "object" && "after" in step) throw new AdapterError(step.after, `scripted fault after ${name}`);
  return await untilAborted(new Promise<never>(() => undefined), signal);
}

async function* failing(
  name: string,
  step: Exclude<ScriptStep, "ok">,
  call: () => unknown,
  signal?: AbortSignal,
): AsyncGenerator<unknown, void, undefined> {
  if (typeof step === "object") yield* call() as AsyncIterable<unknown>;
  await perform(name, step, () => undefined, signal);
}

function isGenerator(method: unknown): boolean {
  return Object.prototype.toString.call(method) === "[object AsyncGeneratorFunction]";
}

function entryOf<V>(map: Map<string, V[]>, name: string): V[] {
  const known = map.get(name);
  if (known) return known;
  const fresh: V[] = [];
  map.set(name, fresh);
  return fresh;
}

function signalOf(args: readonly unknown[]): AbortSignal | undefined {
  const last = args.at(-1);
  if (typeof last !== "object" || last === null || !("signal" in last)) return undefined;
  return last.signal instanceof AbortSignal ? last.signal : undefined;
}
