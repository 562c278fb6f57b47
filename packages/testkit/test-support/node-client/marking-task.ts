import { writeFile } from "node:fs/promises";
import { defineTask } from "@scaler-aws-hpc/client";

/** Says in a file that it runs, and never returns. */
export const markAndWait = defineTask(import.meta.url, async (file: string) => {
  await writeFile(file, "");
  await new Promise((resolve) => setTimeout(resolve, 600_000));
});
