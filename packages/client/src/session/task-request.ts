import type { PreparedTask } from "../task/prepare-task.ts";
import type { StoredObject } from "./object-table.ts";
import type { OutputListener } from "./task-run.ts";

/** An argument: bytes to store, or an object that is stored. */
export type RequestArgument = { readonly bytes: Uint8Array } | { readonly object: StoredObject };

/** All that is known of a task when it is submitted. */
export interface TaskRequest {
  readonly prepared: Promise<PreparedTask>;
  readonly args: readonly RequestArgument[];
  readonly priority: number;
  readonly profile: boolean;
  readonly capabilities: Readonly<Record<string, number>>;
  readonly onOutput?: OutputListener | undefined;
}
