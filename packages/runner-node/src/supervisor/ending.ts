import { isRunnerError } from "../runner-error.ts";

/** How a child ended, in the words of the protocol. */
export type Ending =
  | { readonly ok: true }
  | { readonly ok: false; readonly kind: "cancelled" | "corrupt" | "store" | "exit"; readonly reason: string };

/** What a child ends with that cannot be begun, or not be stored. */
export function endingOf(reason: unknown): Ending {
  if (!isRunnerError(reason)) return endingBy(undefined, reason instanceof Error ? reason.message : String(reason));
  return endingBy(reason.code, reason.message);
}

/** The same, by the code of a `RunnerError`. */
export function endingBy(code: string | undefined, reason: string): Ending {
  return { ok: false, kind: code === "corrupt" || code === "store" ? code : "exit", reason };
}
