import { parseArgs } from "node:util";
import { Coverage, SOMETIMES } from "./coverage.ts";
import { REGRESSIONS } from "./regressions.ts";
import { type RunResult, simulate } from "./simulate.ts";

const USAGE = `Plays the engine's core against a fake scheduler, network, backend and store in virtual time.

  --seeds N        how many seeds, from --seed on (default 1000)
  --tasks N        tasks of each run (default 200)
  --seed S         first seed; alone, with --trace, the only one (default 1)
  --trace          print every event
  --first-failure  stop at the first seed that fails
  --no-coverage    do not fail when a fault never happened
  --no-table       do not print how often each fault and recovery happened
`;

/** A sample of the seeds is played twice: the same seed, the same trace. */
const TWICE_EVERY = 50;

/** After so many failed seeds, more tell nothing new. */
const MOST_FAILURES = 5;

const { values } = parseArgs({
  options: {
    seeds: { type: "string" },
    tasks: { type: "string", default: "200" },
    seed: { type: "string" },
    trace: { type: "boolean", default: false },
    "first-failure": { type: "boolean", default: false },
    coverage: { type: "boolean", default: true },
    table: { type: "boolean", default: true },
    help: { type: "boolean", default: false },
  },
  allowNegative: true,
});

if (values.help) {
  process.stdout.write(USAGE);
} else {
  process.exitCode = main();
}

function main(): number {
  const tasks = Number(values.tasks);
  const first = Number(values.seed ?? 1);
  const count = Number(values.seeds ?? (values.seed === undefined ? 1_000 : 1));
  const echo = values.trace ? (line: string) => process.stdout.write(`${line}\n`) : undefined;
  const all = new Coverage(SOMETIMES);
  const startedMs = performance.now();
  const seeds = Array.from({ length: count }, (_, at) => first + at);
  if (values.seed === undefined) seeds.unshift(...REGRESSIONS);
  let failures = 0;
  let events = 0;
  for (const seed of seeds) {
    const result = simulate(seed, echo === undefined ? { tasks } : { tasks, echo });
    events += result.events;
    all.addAll(result.coverage);
    const again = seed % TWICE_EVERY === 0 ? simulate(seed, { tasks }).hash : result.hash;
    if (result.breach === undefined && again === result.hash) continue;
    failures += 1;
    report(result, again);
    if (failures >= (values["first-failure"] ? 1 : MOST_FAILURES)) break;
  }
  const seconds = (performance.now() - startedMs) / 1000;
  const missing = failures === 0 && values.coverage && count >= 300 ? all.missing() : [];
  if (values.table && count > 1) process.stdout.write(`${all.table()}\n`);
  if (missing.length > 0) process.stdout.write(`never happened: ${missing.join("; ")}\n`);
  const rate = `${seconds.toFixed(1)} s, ${Math.round(events / 1000)} thousand events`;
  process.stdout.write(`${seeds.length} seeds of ${tasks} tasks, ${failures} failed, ${rate}\n`);
  return failures > 0 || missing.length > 0 ? 1 : 0;
}

function report(result: RunResult, again: string): void {
  const lines = [...result.tail];
  if (result.breach === undefined) lines.push(`seed ${result.seed}: I13: two runs differ: ${result.hash} and ${again}`);
  else lines.push(`seed ${result.seed}: ${result.breach.invariant}: ${result.breach.message}`);
  lines.push(`play it again: npm run sim -- --seed ${result.seed} --tasks ${values.tasks} --trace`, "");
  process.stdout.write(`${lines.join("\n")}\n`);
}
