import { defineTask } from "../../src/index.ts";
import { Shortage } from "./shortage.ts";

export const double = defineTask(import.meta.url, (n: number) => 2 * n);

export const sum = defineTask(import.meta.url, (...numbers: number[]) => numbers.reduce((a, b) => a + b, 0));

export const fail = defineTask(import.meta.url, (missing: string): never => {
  throw new Shortage(missing);
});
