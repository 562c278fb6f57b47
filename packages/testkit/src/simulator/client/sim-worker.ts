import { decodeValue, encodeFailure, encodeValue, managerFailure } from "@scaler-aws-hpc/client/format";
import type { Task, TaskResultType } from "@scaler-aws-hpc/scaler-protocol";
import type { ClientWorld } from "./client-world.ts";

/** What becomes of a task. */
export type Fate = "value" | "throws" | "dies" | "timeout" | "python";

/** First argument of every task. */
export interface Spec {
  readonly n: number;
  readonly fate: Fate;
}

/** Any further argument. */
export interface Salt {
  readonly salt: number;
}

/** What a task returns: which it was, and what it was given. */
export interface Answer {
  readonly n: number;
  readonly salts: readonly number[];
}

/** How a task ended, and the bytes of its result. */
export interface Performed {
  readonly type: TaskResultType;
  readonly bytes: Uint8Array | undefined;
}

/** Runs a task as a Node runner does: from what lies in the storage. `undefined` where an object is missing, which it waits for. */
export function perform(world: ClientWorld, task: Task): Performed | undefined {
  const stored = task.functionArgs.map(({ data }) => world.objects.get(data));
  const found = stored.filter((bytes) => bytes !== undefined);
  if (found.length < stored.length || !world.objects.has(task.funcObjectId)) return undefined;
  const [spec, ...salts] = found.map((bytes) => decodeValue(bytes)) as [Spec, ...Salt[]];
  return performed(world, spec, { n: spec.n, salts: salts.map(({ salt }) => salt) });
}

function performed({ kernel }: ClientWorld, { n, fate }: Spec, answer: Answer): Performed {
  switch (fate) {
    case "value":
      return { type: "success", bytes: encodeValue(answer) };
    case "throws":
      kernel.seen("task threw");
      return { type: "failed", bytes: encodeFailure(Object.assign(new RangeError(`task ${n}`), { n })) };
    case "dies":
      kernel.seen("worker died");
      return { type: "failedWorkerDied", bytes: undefined };
    case "timeout":
      kernel.seen("manager failed a task");
      return { type: "failed", bytes: managerFailure("timeout", `task ${n} took too long`) };
    case "python":
      kernel.seen("Python answered");
      return { type: "failed", bytes: Buffer.from("\x80\x04.", "latin1") };
  }
}
