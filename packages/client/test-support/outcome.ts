/** The message of what `run` throws, or `""` where it does not throw. */
export function outcome(run: () => unknown): string {
  try {
    run();
    return "";
  } catch (reason) {
    return reason instanceof Error ? reason.message : String(reason);
  }
}
