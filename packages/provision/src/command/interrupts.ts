const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

/** Why a command ended early, with the exit code of a program that this signal ended where oclif looks for it. */
export class Interrupted extends Error {
  override readonly name = "Interrupted";
  readonly signal: NodeJS.Signals;
  readonly oclif: { readonly exit: number };

  constructor(signal: NodeJS.Signals, text = `stopped by ${signal}`) {
    super(text);
    this.signal = signal;
    this.oclif = { exit: exitOf(signal) };
  }
}

/**
 * Runs work that a first Ctrl-C, SIGTERM or SIGHUP aborts, so that it can say what there is by then; a second one ends the process at once.
 * @param last what is said on the way out at a second signal
 */
export async function interruptible<T>(work: (signal: AbortSignal) => Promise<T>, last: () => string): Promise<T> {
  const controller = new AbortController();
  const stop = (name: NodeJS.Signals): void => {
    if (!controller.signal.aborted) return void controller.abort(new Interrupted(name));
    process.stderr.write(`scaler-aws-hpc: stopped at once by ${name}; ${last()}\n`);
    process.exit(exitOf(name));
  };
  for (const name of SIGNALS) process.on(name, stop);
  try {
    return await work(controller.signal);
  } finally {
    for (const name of SIGNALS) process.off(name, stop);
  }
}

const exitOf = (signal: NodeJS.Signals): number => (signal === "SIGINT" ? 130 : 143);
