import { threadId } from "node:worker_threads";
import { defineTask } from "@scaler-aws-hpc/client";

/** Says what ran it. */
export const square = defineTask(import.meta.url, (number: number) => [number * number, process.release.name] as const);

/** Never lets go. */
export const loop = defineTask(import.meta.url, (): never => {
  for (;;);
});

/** Takes memory until there is none. */
export const allocate = defineTask(import.meta.url, (): never => {
  const all: object[] = [];
  for (;;) all.push({ n: all.length });
});

/** Takes more at once than there is. */
export const allocateAtOnce = defineTask(import.meta.url, (): never => {
  let all: number[] = [1.5];
  for (;;) all = [...all, ...all];
});

/** Ends its process. */
export const exit = defineTask(import.meta.url, (code: number): never => process.exit(code));

/** Fails with an error of its own. */
export const fail = defineTask(import.meta.url, (text: string): never => {
  throw Object.assign(new RangeError(text, { cause: new Error("because") }), { threadId, own: new Map([["a", 1n]]) });
});

/** Says something, then a large value. */
export const speak = defineTask(import.meta.url, (words: string, bytes: number) => {
  console.log(words);
  return new Uint8Array(bytes).fill(7);
});
