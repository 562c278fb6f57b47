import type { Executors } from "./executors.ts";

/** Ends the process with nothing left behind. */
export function leave(code: number, executors: Executors): void {
  executors.close();
  process.exit(code);
}
