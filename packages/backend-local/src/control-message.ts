import { AdapterError, type StoreLocator } from "@scaler-aws-hpc/adapter-core";

/** Longest line of the control channel, in bytes, in both directions. */
export const MAX_LINE_BYTES = 1024 * 1024;

/** The version of the runner protocol that this backend speaks; see docs/runner-protocol.md. */
export const RUNNER_PROTOCOL = 1;

/** What the manager tells a runner. */
export type ManagerMessage =
  | {
      readonly type: "run";
      readonly job: string;
      readonly child: number;
      readonly attempt: number;
      readonly secret: string;
      readonly store: StoreLocator;
      /** Store key of the bundle, or `null` when it is inline. */
      readonly bundle: string | null;
      /** The bundle in base64url, or `null`. */
      readonly inline: string | null;
      readonly outPrefix: string;
      readonly manager: string;
    }
  | { readonly type: "revoke"; readonly job: string; readonly child: number; readonly tasks: readonly number[] }
  | { readonly type: "cancel"; readonly job: string; readonly child: number }
  | { readonly type: "exit" };

/** Why a runner ended a child without success. */
export type OverKind = "cancelled" | "corrupt" | "store" | "exit";

/** What a runner tells the manager. */
export type RunnerMessage =
  | { readonly type: "ready"; readonly protocol: number; readonly runner: string; readonly language: string }
  | { readonly type: "frame"; readonly job: string; readonly child: number; readonly key: string }
  | {
      readonly type: "progress";
      readonly job: string;
      readonly child: number;
      readonly task: number | undefined;
      readonly taskAgeMs: number;
      readonly rssBytes: number;
      readonly cpuPercent: number;
      readonly pid: number;
    }
  | { readonly type: "over"; readonly job: string; readonly child: number; readonly ok: true }
  | {
      readonly type: "over";
      readonly job: string;
      readonly child: number;
      readonly ok: false;
      readonly kind: OverKind;
      readonly reason: string;
    };

const OVER_KINDS: ReadonlySet<string> = new Set<OverKind>(["cancelled", "corrupt", "store", "exit"]);
const MAX_REASON = 2_000;

/**
 * Reads a line of a runner. `undefined`: a type of a newer runner, to be ignored.
 * @throws {AdapterError} `corrupt` when a line is no message.
 */
export function parseRunnerMessage(line: string): RunnerMessage | undefined {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch (cause) {
    throw new AdapterError("corrupt", "a line of the runner is not JSON", { cause });
  }
  if (typeof value !== "object" || value === null)
    throw new AdapterError("corrupt", "a line of the runner is no object");
  const message = value as Record<string, unknown>;
  switch (message.type) {
    case "ready":
      return {
        type: "ready",
        protocol: amount(message, "protocol"),
        runner: text(message, "runner"),
        language: text(message, "language"),
      };
    case "frame":
      return { type: "frame", ...child(message), key: text(message, "key") };
    case "progress":
      return {
        type: "progress",
        ...child(message),
        task: message.task === null ? undefined : amount(message, "task"),
        taskAgeMs: amount(message, "taskAgeMs"),
        rssBytes: amount(message, "rssBytes"),
        cpuPercent: amount(message, "cpuPercent"),
        pid: amount(message, "pid"),
      };
    case "over": {
      if (message.ok === true) return { type: "over", ...child(message), ok: true };
      const kind = text(message, "kind");
      // An unknown kind of a newer runner is still an end that the runner chose.
      const known = OVER_KINDS.has(kind) ? (kind as OverKind) : "exit";
      return {
        type: "over",
        ...child(message),
        ok: false,
        kind: known,
        reason: text(message, "reason").slice(0, MAX_REASON),
      };
    }
    default:
      return undefined;
  }
}

function child(message: Record<string, unknown>): { job: string; child: number } {
  return { job: text(message, "job"), child: amount(message, "child") };
}

function text(message: Record<string, unknown>, name: string): string {
  const value = message[name];
  if (typeof value === "string") return value;
  throw new AdapterError("corrupt", `a line of the runner: ${name} must be text`);
}

function amount(message: Record<string, unknown>, name: string): number {
  const value = message[name];
  if (typeof value === "number" && Number.isFinite(value) && value >= 0) return value;
  throw new AdapterError("corrupt", `a line of the runner: ${name} must be a number of at least 0`);
}
