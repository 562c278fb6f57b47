import { defineTask } from "@scaler-aws-hpc/client";

/** Does nothing: what is measured is everything around it. */
export const trivial = defineTask(import.meta.url, (x: number) => x);
