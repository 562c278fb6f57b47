// What a user of Node writes: ten tasks, and their results as JSON.
import { Client } from "@scaler-aws-hpc/client";
import { square } from "./square.js";

const client = await Client.connect(process.argv[2]);
try {
  process.stdout.write(`${JSON.stringify(await client.map(square, Array(10).keys()).toArray())}\n`);
} finally {
  await client[Symbol.asyncDispose]();
}
