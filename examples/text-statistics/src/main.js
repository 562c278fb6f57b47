// @ts-check
// node src/main.js SCHEDULER FOLDER: statistics of every .txt and .md file below a folder. Ends with 1 where a file could not be counted.
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { Client } from "@scaler-aws-hpc/client";
import { STOP_WORDS } from "./stop-words.js";
import { statistics } from "./tasks.js";

const [address, folder] = process.argv.slice(2);
if (address === undefined || folder === undefined) {
  console.error("usage: node src/main.js tcp://SCHEDULER:PORT FOLDER");
  process.exit(2);
}

const stop = new AbortController();
process.once("SIGINT", () => stop.abort(new Error("stopped by Ctrl-C")));

const client = await Client.connect(address, { name: "text-statistics", signal: stop.signal });
try {
  process.exitCode = (await countAll(folder)) === 0 ? 0 : 1;
} finally {
  // From Node 24 on: await using client = await Client.connect(...).
  await client.close();
}

/**
 * Prints the statistics of each file.
 * @param {string} folder
 * @returns {Promise<number>} how many could not be counted
 */
async function countAll(folder) {
  const names = (await readdir(folder, { recursive: true })).filter((name) => /\.(?:txt|md)$/.test(name)).sort();
  // One upload for all tasks.
  const stopWords = await client.put(new Set(STOP_WORDS), "stop words");

  /** @param {import("@scaler-aws-hpc/client").MapProgress} progress */
  const onProgress = ({ succeeded, failed }) => {
    if (process.stderr.isTTY) process.stderr.write(`\r${succeeded + failed} of ${names.length} files `);
  };

  const counted = client.map(statistics, files(folder, names), {
    args: [stopWords],
    concurrency: 64,
    signal: stop.signal,
    onProgress,
  });
  let failures = 0;
  for await (const outcome of counted.settled()) {
    const name = names[outcome.index];
    if (outcome.status === "fulfilled") {
      const { words, sentences, ease, frequent } = outcome.value;
      const often = Array.from(frequent, ([word, times]) => `${word} ${times}`).join(", ");
      console.log(`${name}: ${words} words, ${sentences} sentences, reading ease ${ease.toFixed(0)}; ${often}`);
    } else {
      failures += 1;
      console.error(`${name}: ${outcome.reason}`);
    }
  }
  console.log(`${names.length} files, ${failures} failed, ${client.stats.uploadedBytes} bytes uploaded`);
  return failures;
}

/**
 * Read when there is room for another task: the folder may be larger than the memory.
 * @param {string} folder
 * @param {readonly string[]} names
 */
async function* files(folder, names) {
  for (const name of names) yield { name, bytes: await readFile(join(folder, name)) };
}
