import { defineTask } from "@scaler-aws-hpc/client";
import { Shortage } from "./shortage.ts";

export const double = defineTask(import.meta.url, (n: number) => 2 * n);

export const later = defineTask(import.meta.url, async (ms: number, value: string) => {
  await new Promise((resolve) => setTimeout(resolve, ms));
  return value;
});

export const itemAndLength = defineTask(import.meta.url, (item: number, bytes: Uint8Array) => [item, bytes.length]);

export const fail = defineTask(import.meta.url, (missing: string): never => {
  throw new Shortage(missing);
});

export const echo = defineTask(import.meta.url, <Value>(value: Value) => value);
