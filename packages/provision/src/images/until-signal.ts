const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

/** Ends work when the user does (Ctrl-C, SIGTERM): aborts its signal once, and lets it clean up. A second one is left to what is running. */
export async function untilSignal<T>(work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const controller = new AbortController();
  const stop = (name: NodeJS.Signals): void => controller.abort(new Interrupted(name));
  for (const name of SIGNALS) process.on(name, stop);
  try {
    return await work(controller.signal);
  } finally {
    for (const name of SIGNALS) process.off(name, stop);
  }
}

/** Why it ended, with the exit code of a program ended by that signal, where oclif looks for it. */
class Interrupted extends Error {
  override readonly name = "Interrupted";
  readonly oclif: { readonly exit: number };

  constructor(signal: NodeJS.Signals) {
    super(`stopped by ${signal}; nothing is left half-built, run the same command to go on`);
    this.oclif = { exit: signal === "SIGINT" ? 130 : 143 };
  }
}
