import { defineTask } from "../../src/index.ts";
import { Shortage } from "./shortage.ts";

export const double = defineTask(import.meta.url, (n: number) => 2 * n);

export const sum = defineTask(import.meta.url, (...numbers: number[]) => numbers.reduce((a, b) => a + b, 0));

export const later = defineTask(import.meta.url, async (ms: number, value: string) => {
  await new Promise((resolve) => setTimeout(resolve, ms));
  return value;
});

export const byteLengthAndItem = defineTask(import.meta.url, (item: number, bytes: Uint8Array) => [item, bytes.length]);

export const fail = defineTask(import.meta.url, (missing: string): never => {
  throw new Shortage(missing);
});

export const print = defineTask(import.meta.url, (text: string) => {
  console.log(text);
  return text.length;
});

export const echo = defineTask(import.meta.url, (value: unknown) => value);

export const secret = ((): unknown => defineTask(import.meta.url, () => 1, { name: "hidden" }))();
