import type { Section } from "@scaler-aws-hpc/adapter-core";

/** A function, argument or serializer as it was stored. */
export interface PackObject {
  readonly bytes: Uint8Array;
  /** Size before compression. */
  readonly raw: number;
  readonly gzip: boolean;
}

/** A task of a pack, by index of its objects. */
export interface PackTask {
  readonly fn: number;
  readonly args: readonly number[];
  /** Its output goes into the result. */
  readonly stream: boolean;
}

/** What an executor runs, verified. */
export interface RunPack {
  readonly objects: readonly PackObject[];
  readonly tasks: readonly PackTask[];
  /** Indexes of the tasks to run, in order. */
  readonly todo: readonly number[];
  /** No task begins later than this after the first one of the pack, in milliseconds. */
  readonly budgetMs: number | undefined;
  /** When the first task of the pack began, in an earlier executor; in monotonic milliseconds. */
  readonly firstStartMs: number | undefined;
}

/** What the supervisor has to know of a pack. */
export interface PackRules extends Pick<Section, "client" | "fresh" | "taskLimitMs" | "flushMs" | "flushBytes"> {
  readonly packBudgetMs?: number | undefined;
  /** The id of each task, in order. */
  readonly ids: readonly string[];
}

/** The rules of a section. */
export function rulesOf(section: Section): PackRules {
  const { client, fresh, taskLimitMs, flushMs, flushBytes, packBudgetMs, tasks } = section;
  const ids = tasks.map(({ id }) => id);
  return { client, fresh, taskLimitMs, flushMs, flushBytes, packBudgetMs, ids };
}
