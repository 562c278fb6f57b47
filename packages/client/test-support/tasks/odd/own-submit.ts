import { defineTask } from "../../../src/index.ts";
import { prepareTask } from "../../../src/task/prepare-task.ts";

export const early = defineTask(import.meta.url, () => 1);

/** What submitting at the top level of the task's own module comes to. */
export const outcome = await prepareTask(early).then(
  () => "prepared",
  (reason: Error) => reason.message,
);
