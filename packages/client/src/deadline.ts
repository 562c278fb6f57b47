import { type ClientClock, systemClock } from "./outside/clock.ts";

/**
 * The promise's value, or what `late` gives (or throws) after some time. The promise itself is not stopped.
 * @throws the signal's reason, if one is given and aborts first
 */
export async function within<Value>(
  promise: Promise<Value>,
  ms: number,
  late: () => Value,
  options?: { readonly signal?: AbortSignal | undefined; readonly clock?: ClientClock },
): Promise<Value> {
  const { signal, clock = systemClock } = options ?? {};
  signal?.throwIfAborted();
  const other = Promise.withResolvers<"late">();
  const stop = clock.after(ms, () => other.resolve("late"));
  const onAbort = (): void => other.reject(signal?.reason);
  signal?.addEventListener("abort", onAbort);
  try {
    const first = await Promise.race([promise.then((value) => ({ value })), other.promise]);
    return first === "late" ? late() : first.value;
  } finally {
    stop();
    signal?.removeEventListener("abort", onAbort);
  }
}
