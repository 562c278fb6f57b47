import { encodeTaskFlags, type Task } from "@scaler-aws-hpc/scaler-protocol";
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

/** What a request has become when its task is sent. */
interface Sendable {
  readonly taskId: string;
  readonly source: string;
  readonly fn: StoredObject;
  readonly args: readonly StoredObject[];
}

/** The task's message, once all that it names is stored. */
export function taskMessage(request: TaskRequest, { taskId, source, fn, args }: Sendable): Task {
  const { priority, profile, capabilities, onOutput } = request;
  return {
    kind: "task",
    taskId,
    source,
    metadata: encodeTaskFlags({ profiling: profile, priority, streamOutput: onOutput !== undefined }),
    funcObjectId: fn.id,
    functionArgs: args.map(({ id }) => ({ type: "objectID", data: id })),
    capabilities: Object.entries(capabilities).map(([name, value]) => ({ name, value })),
  };
}
