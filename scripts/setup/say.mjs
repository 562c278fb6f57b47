/** What the run scripts print, and the one error class that is shown as a single clear line. */

const started = performance.now();

/** A failure whose message alone tells the user what to do; anything else is shown with its stack. */
export class SetupError extends Error {
  /** @override */
  name = "SetupError";
}

/**
 * Prints one progress line on stderr with the seconds since the start, so that stdout stays data.
 * @param {string} text
 */
export function say(text) {
  const seconds = ((performance.now() - started) / 1000).toFixed(1).padStart(6);
  process.stderr.write(`[${seconds} s] ${text}\n`);
}

/**
 * Whether the output of a package client says that it could not reach its registry.
 * @param {string} output
 */
export function looksOffline(output) {
  return /ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ENETUNREACH|ETIMEDOUT|ECONNRESET|Temporary failure in name resolution|Failed to establish a new connection|Name or service not known|Network is unreachable|Read timed out|\(from versions: none\)/i.test(
    output,
  );
}
