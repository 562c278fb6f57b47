import { ChildProgram, HarnessError } from "../../src/scaler/index.ts";

/** Runs a program to its end, with what it printed in the error when it fails. @returns its stdout */
export async function runCommand(
  file: string,
  args: readonly string[],
  options: { readonly env?: Readonly<Record<string, string>>; readonly cwd?: string; readonly timeoutMs?: number } = {},
): Promise<string> {
  const { timeoutMs = 300_000, ...rest } = options;
  const program = await ChildProgram.start({ name: file, file, args, ...rest });
  const timer = setTimeout(() => program.kill("SIGKILL", "group"), timeoutMs);
  const { code } = await program.exited;
  clearTimeout(timer);
  await program.stop();
  if (code === 0) return program.stdout.text;
  throw new HarnessError("exited", `${file} ${args.join(" ")} ended with ${code}\n${program.logs.tail()}`);
}
