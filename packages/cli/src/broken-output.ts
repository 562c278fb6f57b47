// oclif listens to stdout from when this is loaded, and ends the process with a stack for all but a reader that is gone.
import "@oclif/core/command";

/**
 * Bears that nobody reads stdout or stderr any more (`start 2>&1 | head -1`), or that there is no room: what is written there is lost, and
 * nothing else ends by it. Without a listener Node ends the process with 1, a manager with all its jobs too.
 *
 * That the disk is full is said once, and is a failure of the command, whose result it was.
 */
export function bearBrokenOutput(): void {
  process.stderr.on("error", () => {});
  let said = false;
  process.stdout.removeAllListeners("error").on("error", ({ code, message }: NodeJS.ErrnoException) => {
    if (code === "EPIPE" || said) return;
    said = true;
    process.stderr.write(
      `scaler-aws-hpc: [failure] stdout cannot be written, what was to be printed is lost: ${message}\n`,
    );
    process.once("exit", (exitCode) => {
      if (exitCode === 0) process.exitCode = 1;
    });
  });
}

/** Waits until stdout has taken, or lost, what was written to it: a broken one is never drained. */
export const stdoutWritten = (): Promise<void> =>
  new Promise((resolve) => void process.stdout.write("", () => resolve()));
