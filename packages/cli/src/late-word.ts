/** Milliseconds of silence after which somebody wonders. The first time limit of a service is later. */
const LATE_MS = 10_000;

/** Says once that something is still waited for, unless it is disposed of before. Keeps no process alive. */
export function lateWord(tell: () => void): Disposable {
  const timer = setTimeout(tell, LATE_MS).unref();
  return { [Symbol.dispose]: () => clearTimeout(timer) };
}
