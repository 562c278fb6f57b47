import { defineTask } from "@scaler-aws-hpc/client";

/** The tasks of demo/node-client.ts; the runner evaluates this module, and what it imports. */
export const add = defineTask(import.meta.url, (a: number, b: number) => a + b);

export const countPrimes = defineTask(import.meta.url, (limit: number) => {
  let primes = 0;
  for (let n = 2; n < limit; n++) primes += isPrime(n) ? 1 : 0;
  return primes;
});

export const divide = defineTask(import.meta.url, (a: number, b: number) => {
  if (b === 0) throw Object.assign(new RangeError("division by zero"), { dividend: a });
  return a / b;
});

export const sleep = defineTask(import.meta.url, async (ms: number) => {
  await new Promise((resolve) => setTimeout(resolve, ms));
  return ms;
});

function isPrime(n: number): boolean {
  for (let d = 2; d * d <= n; d++) if (n % d === 0) return false;
  return true;
}
