import type { FailurePickleKind } from "../formats/failure-pickle.ts";

/**
 * How the tasks of a client are recognised and what starts a runner for them. A record, not code: the manager never loads what it describes.
 * The choice is made per client from the first bytes of its serializer object.
 */
export interface RunnerRecord {
  /** Unique name, `^[a-z][a-z0-9-]{0,31}$`. Jobs never mix runners. */
  readonly name: string;
  /** Runner protocol that it speaks; see docs/runner-protocol.md. */
  readonly protocol: 1;
  /** Whether this runner understands a client whose serializer object starts with these bytes (at most 4 KiB are shown). */
  matches(serializerHead: Uint8Array): boolean;
  /** Lower goes first when several match. @default 0 */
  readonly order?: number;
  /**
   * Capability that workers advertise (with the value -1) where this runner can run tasks, so that its clients can ask for it under a scheduler
   * that goes by capabilities. @default none: clients of every manager can expect it
   */
  readonly capability?: string;
  /**
   * What a client of this runner gets for a task that failed without an error of its own (its process died, it ran too long): bytes that the client
   * reads as it reads a failed task's. @default a pickle of an exception, see `failurePickle`
   */
  readonly failure?: (kind: FailurePickleKind, message: string) => Uint8Array;
  /**
   * Looks at what it needs on this machine, once before the first task. Returns what the user should know, ready for a log.
   * @throws {AdapterError} `config` when it cannot run here at all
   */
  readonly check?: (options: RunnerCommandOptions) => readonly string[];
  /** What starts it on this machine, for backends that run processes: argv, never a shell string. `undefined`: cannot be run here. */
  readonly command?: (options: RunnerCommandOptions) => RunnerCommand;
}

/** What the user chose for runners that run on this machine. */
export interface RunnerCommandOptions {
  /** The interpreter, e.g. a virtual environment's python. @default the runner's own choice */
  readonly interpreter?: string;
  /** Modules or files to load before the first task (the `--preload` of Scaler's workers). */
  readonly preload?: string;
}

/** A process to start: the control channel is file descriptor 3 (see docs/runner-protocol.md). */
export interface RunnerCommand {
  readonly file: string;
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}
