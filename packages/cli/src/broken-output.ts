/**
 * Bears that nobody reads stdout or stderr any more (`start 2>&1 | head -1`), or that there is no room: what is written there is lost, and
 * nothing else ends by it. Without a listener Node ends the process with 1, a manager with all its jobs too.
 */
export function bearBrokenOutput(): void {
  process.stderr.on("error", () => {});
  // That the disk is full is a failure of a command whose result it was; oclif, which listens too, ends the process for it.
  process.stdout.on("error", () => {});
}

/** Waits until stdout has taken, or lost, what was written to it: a broken one is never drained. */
export const stdoutWritten = (): Promise<void> =>
  new Promise((resolve) => void process.stdout.write("", () => resolve()));
