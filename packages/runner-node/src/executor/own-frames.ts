/** Longest chain of causes that is looked at. */
const MAX_CAUSES = 16;

/** Takes the runner's own lines out of an error's stack, and of its causes': they tell the user nothing. `__filename` is what the bundle calls itself. */
export function withoutOwnFrames(reason: unknown): unknown {
  let error = reason;
  try {
    for (let n = 0; n < MAX_CAUSES && error instanceof Error; n += 1) {
      const lines = String(error.stack).split("\n");
      error.stack = lines.filter((line) => !(line.startsWith("    at ") && line.includes(__filename))).join("\n");
      error = error.cause;
    }
  } catch {
    // An error may forbid that.
  }
  return reason;
}
