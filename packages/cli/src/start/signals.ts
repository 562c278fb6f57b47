import { exitCode } from "../exit-codes.ts";

/** What stops a manager. */
export type StopSignal = "SIGTERM" | "SIGINT";

/** What {@link listenForStops} calls, in this order, each at most once. */
export interface StopHandlers {
  /** The first signal: finish what runs. */
  drain(signal: StopSignal): void;
  /** The second one: now. */
  now(signal: StopSignal): void;
}

/** Listens until disposed. A third signal ends the process as if nobody listened. */
export function listenForStops(handlers: StopHandlers): Disposable {
  let count = 0;
  const listener = (signal: NodeJS.Signals): void => {
    const stop = signal === "SIGINT" ? "SIGINT" : "SIGTERM";
    count += 1;
    if (count === 1) handlers.drain(stop);
    else if (count === 2) handlers.now(stop);
    else process.exit(exitCode(stop === "SIGINT" ? "interrupted" : "terminated"));
  };
  process.on("SIGTERM", listener);
  process.on("SIGINT", listener);
  return {
    [Symbol.dispose]: () => {
      process.off("SIGTERM", listener);
      process.off("SIGINT", listener);
    },
  };
}
