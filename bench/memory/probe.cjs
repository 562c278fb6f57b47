// Loaded into the manager by the benchmark: on SIGUSR2 it collects garbage and prints what is left.
const { setFlagsFromString } = require("node:v8");
const { runInNewContext } = require("node:vm");

setFlagsFromString("--expose-gc");
const gc = runInNewContext("gc");

process.on("SIGUSR2", () => {
  const { rss } = process.memoryUsage();
  // Twice: what finalizers let go of in the first round goes in the second.
  gc();
  gc();
  const { heapUsed, external } = process.memoryUsage();
  process.stderr.write(`${JSON.stringify({ probe: true, rss, heapUsed, external })}\n`);
});
