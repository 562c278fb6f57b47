import type { AbortOptions } from "./abort-options.ts";

/** Time as a port, so that the engine and its tests can run on virtual time. */
export interface Clock {
  /** Monotonic milliseconds; comparable only with other readings of this clock. */
  now(): number;
  /** Resolves after `ms`, rejects with the signal's reason when it aborts first. */
  sleep(ms: number, options?: AbortOptions): Promise<void>;
}

/** Structured log sink: `fields` never hold payloads, keys or credentials. */
export interface Log {
  debug(message: string, fields?: Readonly<Record<string, unknown>>): void;
  info(message: string, fields?: Readonly<Record<string, unknown>>): void;
  warn(message: string, fields?: Readonly<Record<string, unknown>>): void;
  error(message: string, fields?: Readonly<Record<string, unknown>>): void;
}

/** What the host gives to a plugin's factory (the second step of construction; the user's options are the first). */
export interface HostServices {
  readonly clock: Clock;
  readonly log: Log;
  /** Matches `^[a-z0-9-]{1,40}$`; the same after a restart; never a prefix of another manager's. */
  readonly managerId: string;
}
