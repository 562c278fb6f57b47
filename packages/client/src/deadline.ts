/**
 * The promise's value, or what `late` gives (or throws) after some time. The promise itself is not stopped.
 * @throws the signal's reason, if one is given and aborts first
 */
export async function within<Value>(
  promise: Promise<Value>,
  ms: number,
  late: () => Value,
  options?: { readonly signal?: AbortSignal | undefined },
): Promise<Value> {
  const signal = options?.signal;
  signal?.throwIfAborted();
  const other = Promise.withResolvers<"late">();
  const timer = setTimeout(() => other.resolve("late"), ms);
  const onAbort = (): void => other.reject(signal?.reason);
  signal?.addEventListener("abort", onAbort);
  try {
    const first = await Promise.race([promise.then((value) => ({ value })), other.promise]);
    return first === "late" ? late() : first.value;
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener("abort", onAbort);
  }
}
