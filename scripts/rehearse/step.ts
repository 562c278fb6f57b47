import { check } from "../check/report.mjs";

/**
 * Does one step and prints a line about it; see `check`. Nothing is begun once the signal has aborted.
 * @param look resolves to what is wrong, or to nothing
 * @returns whether it passed
 * @throws the signal's reason
 */
export async function step(
  signal: AbortSignal,
  name: string,
  look: () => Promise<string | undefined>,
): Promise<boolean> {
  signal.throwIfAborted();
  return await check(name, look);
}
