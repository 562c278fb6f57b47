import type { AdapterError } from "../../contracts/adapter-error.ts";
import type { Clock, Log } from "../../contracts/host.ts";
import type { EngineEvent } from "../core/event.ts";
import type { Counters } from "./counters.ts";

/** What every part of the shell gets: time, words, the way back to the core, and the end. */
export interface ShellHost {
  readonly clock: Clock;
  readonly log: Log;
  /** In [0, 1), for jitter. */
  readonly random: () => number;
  readonly counters: Counters;
  /** Aborts when the engine ends: nothing waits longer. */
  readonly signal: AbortSignal;
  /** Hands an event to the core. Ignored after the end. */
  readonly tell: (event: EngineEvent) => void;
  /** Ends the engine: a bug of ours, or something that cannot be worked without. */
  readonly fail: (reason: AdapterError) => void;
}
