// Memory of the manager: with 10,000 slow tasks held at queue size 10,000, then while 100,000 tiny tasks go through.
// Usage: npm run bench memory [--held 10000] [--tasks 100000] [--node-options=--max-semi-space-size=8];
// exits with 1 above the limits below.
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { type ChildProgram, startClient, startCluster, startManager } from "@scaler-aws-hpc/testkit";

const MB = 1_000_000;
/** Most that the manager may use with the held tasks. */
const HELD_BYTES = 250 * MB;
/** Most that what is left after a garbage collection may grow for each task that went through: a leak keeps hundreds of bytes of each. */
const GROWTH_BYTES = 40;
/** Most that the resident memory may grow between the first and the last row: what the allocator does not give back at once, no trend. */
const RESIDENT_BYTES = 16 * MB;
const LIMIT_MS = 900_000;
const EVERY = 10_000;

const { values } = parseArgs({
  options: {
    held: { type: "string", default: "10000" },
    tasks: { type: "string", default: "100000" },
    "node-options": { type: "string", default: "" },
  },
});

interface Measured {
  /** Before the garbage collection. */
  readonly rss: number;
  /** Heap and buffers after it. */
  readonly live: number;
}

const script = join(import.meta.dirname, "client.py");
// Options for the manager's Node: its resident memory depends on --max-semi-space-size more than on anything else.
const env = { NODE_OPTIONS: `${values["node-options"]} --require=${join(import.meta.dirname, "probe.cjs")}` };
const megabytes = (bytes: number): string => (bytes / MB).toFixed(1);

async function measure(manager: ChildProgram, count: number): Promise<Measured> {
  manager.kill("SIGUSR2");
  const lines = await manager.waitForLog(new RegExp(`(?:\\{"probe":true[^\\n]*\\n[^]*?){${count}}`), 30_000);
  const text = lines[0].split("\n").findLast((line) => line.startsWith('{"probe"')) ?? "{}";
  const { rss, heapUsed, external } = JSON.parse(text) as Record<string, number>;
  return { rss: rss ?? Number.NaN, live: (heapUsed ?? Number.NaN) + (external ?? Number.NaN) };
}

/** The largest resident memory that the process ever had. */
async function peakBytes(pid: number): Promise<number> {
  const [, kilobytes] = /VmHWM:\s+(\d+) kB/.exec(await readFile(`/proc/${pid}/status`, "utf8")) ?? [];
  return Number(kilobytes) * 1_024;
}

async function held(): Promise<boolean> {
  await using cluster = await startCluster();
  const args = ["--max-concurrent-jobs", "2", "--per-worker-task-queue-size", values.held];
  await using manager = await startManager(cluster, { args, env });
  const flags = ["--load", "hold", "--tasks", values.held, "--seconds", "15"];
  await using client = await startClient(cluster, script, flags);
  const [, count] = await client.waitForLog(/"held": (\d+)/, LIMIT_MS);
  const { rss, live } = await measure(manager, 1);
  const peak = await peakBytes(manager.pid);
  console.log(
    `queue size ${values.held}, ${count} tasks held: resident ${megabytes(rss)} MB, at most ${megabytes(peak)} MB ` +
      `(may be ${megabytes(HELD_BYTES)}), ${megabytes(live)} MB of it needed`,
  );
  client.kill("SIGKILL");
  return peak <= HELD_BYTES;
}

async function flow(): Promise<boolean> {
  await using cluster = await startCluster();
  await using manager = await startManager(cluster, { args: ["--max-concurrent-jobs", "2"], env });
  const flags = ["--load", "flow", "--tasks", values.tasks, "--seconds", "3", "--every", String(EVERY)];
  await using client = await startClient(cluster, script, flags);
  const rows: Measured[] = [];
  console.log(`${values.tasks} tiny tasks, MB:   done   resident   needed after a garbage collection`);
  for (let done = EVERY; done <= Number(values.tasks); done += EVERY) {
    await client.waitForLog(new RegExp(`"done": ${done}\\b`), LIMIT_MS);
    const row = await measure(manager, rows.length + 1);
    rows.push(row);
    console.log(`${String(done).padStart(28)} ${megabytes(row.rss).padStart(10)} ${megabytes(row.live).padStart(8)}`);
  }
  const first = rows.at(0)?.live ?? Number.NaN;
  const growth = ((rows.at(-1)?.live ?? Number.NaN) - first) / (Number(values.tasks) - EVERY);
  const resident = (rows.at(-1)?.rss ?? Number.NaN) - (rows.at(0)?.rss ?? Number.NaN);
  console.log(`growth of resident memory: ${megabytes(resident)} MB in all (may be ${megabytes(RESIDENT_BYTES)})`);
  console.log(`growth of what is needed: ${growth.toFixed(1)} bytes a task (may be ${GROWTH_BYTES})`);
  return growth <= GROWTH_BYTES && resident <= RESIDENT_BYTES;
}

const small = await held();
const steady = await flow();
process.exitCode = small && steady ? 0 : 1;
