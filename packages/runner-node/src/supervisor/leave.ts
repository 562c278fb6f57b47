import { ExecutorThread } from "./executor-thread.ts";
import { killChildren, killEverything } from "./process-family.ts";

/** Ends the process with nothing left behind. A thread that never ends would be waited for: then it is killed instead. */
export function leave(code: number): void {
  killChildren();
  if (ExecutorThread.stuck) killEverything();
  process.exit(code);
}
