import { existsSync } from "node:fs";
import type { RunnerCommand } from "@scaler-aws-hpc/adapter-core";

const SHELL = "/bin/bash";

/**
 * Starts both processes of the runner at once. The executor reports through its file descriptor 3 and is told through 4, which are 5 and 7 of the supervisor;
 * what else it writes comes through 6. Its heap is as the supervisor reckons it, see `memoryLimits`. The image's `ENTRYPOINT` does the same, but for the commands.
 */
const LAUNCHER = `
m=\${SCALER_RUNNER_MEMORY_MIB:-}
if [[ ! $m =~ ^(1[6-9]|[2-9][0-9]|[1-9][0-9]{2,6})$ ]]; then m=; fi
exec 6<> <(:) 7<> <(:)
exec 5< <(exec "$0" \${m:+--max-old-space-size=$m} "$1" executor 4</dev/fd/7 3>&1 >&6 2>&6 5<&- 6<&- 7<&- </dev/null)
SCALER_RUNNER_EXECUTOR=$! exec "$0" "$1"
`;

/** What starts the runner for a manager on this machine: a start in a little more than half the time where the system has what that needs. */
export function launched(node: string, runner: string): RunnerCommand {
  // Elsewhere a pipe cannot be opened for reading and writing by its name.
  if (process.platform !== "linux" || !existsSync(SHELL)) return { file: node, args: [runner] };
  return { file: SHELL, args: ["-c", LAUNCHER, node, runner] };
}
