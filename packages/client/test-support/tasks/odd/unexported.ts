import { defineTask } from "../../../src/index.ts";

/** Makes a task that the runner could not find again. */
export function makeTask(factor: number): unknown {
  return defineTask(import.meta.url, (n: number) => n * factor);
}

// biome-ignore lint/style/noDefaultExport: that is the case
export default {
  inside: defineTask(import.meta.url, () => "in the default export"),
};
