// What client.py does, with the Node client: times trivial tasks by submit and by map, and says when each part begins and ends.
import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "node:util";
import { Client } from "@scaler-aws-hpc/client";
import { trivial } from "./tasks.ts";

const { values } = parseArgs({
  options: { address: { type: "string", default: "" }, tasks: { type: "string", default: "5000" } },
});
const numbers = Array.from({ length: Number(values.tasks) }, (_, n) => n);

async function report(line: object): Promise<void> {
  console.log(JSON.stringify(line));
  await sleep(300); // the reader looks at everybody's CPU time now
}

await using client = await Client.connect(values.address);
await client.map(trivial, Array(200).keys()).toArray(); // everybody is connected and warm
for (const way of ["submit", "map"] as const) {
  await report({ way, event: "begin" });
  const cpuBefore = process.cpuUsage();
  const begun = performance.now();
  const results =
    way === "submit"
      ? await Promise.all(numbers.map((n) => client.submit(trivial, n)))
      : await client.map(trivial, numbers).toArray();
  const seconds = (performance.now() - begun) / 1000;
  const { user, system } = process.cpuUsage(cpuBefore);
  if (results.some((result, n) => result !== n)) throw new Error("wrong results");
  await report({ way, event: "end", seconds, cpu: (user + system) / 1e6 });
}
