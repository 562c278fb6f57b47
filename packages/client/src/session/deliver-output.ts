import type { TaskLog } from "@scaler-aws-hpc/scaler-protocol";
import type { ClientClock } from "../outside/clock.ts";
import type { TaskRun } from "./task-run.ts";

/** Passes on what a task printed. An error of the listener is nobody's but its own: it ends the program, and must not cost the connection before. */
export function deliverOutput(
  run: TaskRun | undefined,
  { taskId, content, logType }: TaskLog,
  clock: ClientClock,
): void {
  try {
    run?.onOutput?.(content, logType, taskId);
  } catch (reason) {
    clock.soon(() => {
      throw reason;
    });
  }
}
