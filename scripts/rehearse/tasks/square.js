import { defineTask } from "@scaler-aws-hpc/client";

/** What a user of Node writes: a task. */
export const square = defineTask(import.meta.url, (number) => number * number);
