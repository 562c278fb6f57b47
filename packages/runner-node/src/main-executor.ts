import { startExecutor } from "./executor/start-executor.ts";
import { ArgumentError, readArguments } from "./job/arguments.ts";

// The process that runs tasks. What is wrong with its arguments is said by its supervisor, which has the same ones.

try {
  const { mode, parameters } = readArguments(process.argv.slice(3));
  if (mode !== "version") startExecutor(mode === "one-shot" ? parameters : undefined);
} catch (reason) {
  if (!(reason instanceof ArgumentError)) throw reason;
  process.exitCode = reason.exitCode;
}
