// The demo's Node client, beside client.py: an ordinary program of a Node user. Prints one JSON line for each thing that it tried.
import { isDeepStrictEqual, parseArgs } from "node:util";
import { Client } from "@scaler-aws-hpc/client";
import { add, countPrimes, divide, sleep } from "./tasks.ts";

const { values } = parseArgs({
  options: { address: { type: "string", default: "" }, tasks: { type: "string", default: "2000" } },
});
const tasks = Number(values.tasks);

type Step = readonly [name: string, expected: unknown, run: () => Promise<unknown>];

async function failure(run: PromiseLike<unknown>): Promise<unknown> {
  try {
    await run;
  } catch (reason) {
    return reason;
  }
  return "no failure";
}

async function errorWithItsFields(client: Client): Promise<unknown> {
  const reason = await failure(client.submit(divide, 1, 0));
  return reason instanceof RangeError && "dividend" in reason ? `${reason} (dividend ${reason.dividend})` : reason;
}

async function cancelWhenRunning(client: Client): Promise<unknown> {
  const handle = client.submit(sleep, 60_000);
  await new Promise((resolve) => setTimeout(resolve, 1_500));
  await handle.cancel();
  return handle.state;
}

async function sumOfMap(client: Client): Promise<number> {
  let sum = 0;
  for await (const result of client.map(add, Array(tasks).keys(), { args: [1], concurrency: 500 })) sum += result;
  return sum;
}

await using client = await Client.connect(values.address);
const shared = await client.put(1_000);
const steps: readonly Step[] = [
  ["submit: add(1, 2)", 3, () => client.submit(add, 1, 2)],
  ["submit: primes below 20,000", 2262, () => client.submit(countPrimes, 20_000)],
  ["submit: a value put once", [1_000, 1_001], () => Promise.all([0, 1].map((n) => client.submit(add, shared, n)))],
  ["a task that throws", "RangeError: division by zero (dividend 1)", () => errorWithItsFields(client)],
  ["a running task, cancelled", "canceled", () => cancelWhenRunning(client)],
  [`map: ${tasks.toLocaleString("en")} tasks`, (tasks * (tasks + 1)) / 2, () => sumOfMap(client)],
  ["after all that: add(3, 4)", 7, () => client.submit(add, 3, 4)],
];
for (const [name, expected, run] of steps) {
  const begun = performance.now();
  const got = await run().catch(String);
  const line = { name, expected, got, ok: isDeepStrictEqual(got, expected), tasks: name.startsWith("map") ? tasks : 1 };
  console.log(JSON.stringify({ ...line, seconds: (performance.now() - begun) / 1000 }));
}
