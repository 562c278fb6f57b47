import type { TaskMessage } from "@scaler-aws-hpc/adapter-core";
import type { FakeChild } from "./fake-child.ts";
import type { Random } from "./random.ts";

/**
 * What a task does when it runs.
 *
 * | kind | meaning |
 * |---|---|
 * | `ok`, `error` | it returns, it raises |
 * | `exit`, `signal`, `oom` | its process ends under it; the runner names it |
 * | `hang` | it never ends; the runner ends it at the limit and names it |
 * | `killer`, `eater` | it takes the whole child with it, which then says nothing of its tasks; `eater` by its memory |
 * | `missing` | one of its objects never comes |
 */
export type TaskKind = "ok" | "error" | "exit" | "signal" | "oom" | "hang" | "killer" | "eater" | "missing";

const DOOMED: readonly TaskKind[] = ["exit", "signal", "oom", "hang", "killer", "eater", "missing"];

/** A task's place in a submitted child; `open` until the core was told how it ended there, or asked for its end. */
export interface Seat {
  readonly child: FakeChild;
  open: boolean;
}

/** A child is of no use to a task any more. */
export function leaveSeats(task: TaskTruth, child: FakeChild): void {
  for (const seat of task.seats) if (seat.child === child) seat.open = false;
}

/** What the simulator knows of a task, and nobody else. */
export interface TaskTruth {
  readonly message: TaskMessage;
  readonly kind: TaskKind;
  readonly durationMs: number;
  /** Its objects were late once: now they are there. */
  fetched: boolean;
  /** How it ended for its client. */
  resolved: string | undefined;
  /** The client asked for its end. */
  cancelled: boolean;
  /** Failures that it met and that were not its own. */
  misfortunes: number;
  /** Attempts that its present manager process lost since the task came to it last. */
  lostAttempts: number;
  /** Something was refused for good that it had no part in. */
  mayFail: boolean;
  seats: Seat[];
  /** Where it runs at this moment. */
  running: FakeChild | undefined;
  /** The worker whose result the scheduler has taken. */
  takenFrom: string | undefined;
  /** Frames that are stored, were reported to the manager, and hold its result. */
  frames: string[];
  /** The manager was told of its result, and has not had time to forget it. */
  finished: boolean;
}

/** A task of a client; `doomed` is the share of those that end badly whatever happens. */
export function drawTask(
  random: Random,
  options: { readonly source: string; readonly functionId: string; readonly medianMs: number; readonly doomed: number },
): TaskTruth {
  const kind = random.chance(options.doomed) ? random.pick(DOOMED) : random.chance(0.08) ? "error" : "ok";
  return {
    message: {
      taskId: random.hex(16),
      source: options.source,
      functionId: options.functionId,
      argumentIds: [],
      priority: random.chance(0.2) ? random.int(1, 3) : 0,
      streamOutput: random.chance(0.2),
    },
    kind,
    durationMs: Math.min(15_000, random.logNormal(options.medianMs, 1)),
    fetched: false,
    resolved: undefined,
    cancelled: false,
    misfortunes: 0,
    lostAttempts: 0,
    mayFail: false,
    seats: [],
    running: undefined,
    takenFrom: undefined,
    frames: [],
    finished: false,
  };
}

/** The value that a task's own result has, and no other's. */
export function resultOf(task: TaskTruth): string {
  return `${task.kind === "error" ? "e" : "v"}:${task.message.taskId}`;
}

/** Whether a failure that is not the task's own exception is a right answer to its client. */
export function mayFail(task: TaskTruth, retries: number): boolean {
  return task.mayFail || task.misfortunes > retries || (task.kind !== "ok" && task.kind !== "error");
}
