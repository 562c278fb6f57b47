import { existsSync } from "node:fs";
import type { RunnerCommand } from "@scaler-aws-hpc/adapter-core";
import { memoryLimits } from "./supervisor/memory-limits.ts";

const SHELL = "/bin/bash";

/**
 * Starts both processes of the runner at once. The executor reports through its file descriptor 3 and is told through 4, which are 5 and 7 of the supervisor;
 * what else it writes comes through 6. The image's `ENTRYPOINT` does the same, but for the commands.
 */
const LAUNCHER = `
exec 6<> <(:) 7<> <(:)
exec 5< <(exec "$0" \${2:+--max-old-space-size=$2} "$1" executor 4</dev/fd/7 3>&1 >&6 2>&6 5<&- 6<&- 7<&- </dev/null)
SCALER_RUNNER_EXECUTOR=$! exec "$0" "$1"
`;

/** What starts the runner for a manager on this machine: a start in two thirds of the time where the system has what that needs. */
export function launched(node: string, runner: string): RunnerCommand {
  // Elsewhere a pipe cannot be opened for reading and writing by its name.
  if (process.platform !== "linux" || !existsSync(SHELL)) return { file: node, args: [runner] };
  const { heapMiB, limited } = memoryLimits();
  return { file: SHELL, args: ["-c", LAUNCHER, node, runner, ...(limited ? [String(heapMiB)] : [])] };
}
