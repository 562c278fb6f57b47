/**
 * Settles as `promise` does, or rejects with the signal's reason if that comes first. `promise` itself goes on, and its
 * late failure is nobody's.
 */
export async function orAbort<T>(promise: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return promise;
  // One promise and one listener: this runs for each of thousands of requests, and Promise.race costs several times as much.
  const { promise: settled, resolve, reject } = Promise.withResolvers<T>();
  const onAbort = (): void => reject(signal.reason);
  if (signal.aborted) onAbort();
  else signal.addEventListener("abort", onAbort);
  promise.then(resolve, reject);
  try {
    return await settled;
  } finally {
    signal.removeEventListener("abort", onAbort);
  }
}
