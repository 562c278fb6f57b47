import { ChildProgram } from "@scaler-aws-hpc/testkit";

/** Where and how a program runs. */
export interface RunOptions {
  readonly cwd: string;
  readonly signal: AbortSignal;
  /** Added to this process's environment; `undefined` removes a variable. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** Milliseconds after which it and its children are killed. @default 120_000 */
  readonly timeoutMs?: number;
}

/**
 * Runs a program to its end and returns what it printed on stdout. It and all its children are gone when this settles.
 * @throws {Error} with what it printed, unless it ends with exit code 0. The signal's reason.
 */
export async function runProgram(file: string, args: readonly string[], options: RunOptions): Promise<string> {
  const { cwd, signal, env = {}, timeoutMs = 120_000 } = options;
  signal.throwIfAborted();
  const name = [file, ...args].map((word) => word.split("/").at(-1)).join(" ");
  await using program = await ChildProgram.start({ name, file, args, env, cwd });
  const stop = AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]);
  const stopped = new Promise<undefined>((resolve) => {
    stop.addEventListener("abort", () => resolve(undefined), { once: true });
  });
  const exit = await Promise.race([program.exited, stopped]);
  signal.throwIfAborted();
  const outcome = exit === undefined ? `ran longer than ${timeoutMs} ms` : `exit code ${exit.code ?? exit.signal}`;
  if (exit?.code !== 0) throw new Error(`${name}: ${outcome}\n${program.logs.text.slice(-4_000)}`);
  return program.stdout.text;
}
