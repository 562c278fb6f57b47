// kill -9 of the manager at random moments, restarted each time, alone and beside a native worker, with and without losses of Spot machines and of
// answers to submits: every future has to resolve rightly, and nothing may be left. Exits with 1 when something is wrong.
// Usage: npm run bench aws-crash -- [--kills 50] [--kills-per-run 5] [--seed N] [--tasks 2500] [--seconds 1] [--slots 100]
//   [--tasks-per-job 1] [--variant NAME]...
//   A short one that passes through every variant: --kills 4 --kills-per-run 1 --tasks 500
//   variants: alone, beside-native, alone-faults, beside-native-faults; runs take turns through them
import { parseArgs } from "node:util";
import { seeded } from "../aws/ideal.ts";
import { type CrashRun, crashRun, VARIANTS, type Variant } from "./crash-run.ts";

const { values } = parseArgs({
  options: {
    kills: { type: "string", default: "50" },
    "kills-per-run": { type: "string", default: "5" },
    seed: { type: "string", default: String(Date.now() % 1_000_000) },
    tasks: { type: "string", default: "2500" },
    seconds: { type: "string", default: "1" },
    slots: { type: "string", default: "100" },
    "tasks-per-job": { type: "string" },
    variant: { type: "string", multiple: true },
  },
});
const wanted = VARIANTS.filter(({ name }) => (values.variant ?? [name]).includes(name));
if (wanted.length === 0) throw new Error(`known variants: ${VARIANTS.map(({ name }) => name).join(", ")}`);
const random = seeded(Number(values.seed));
const kills = Number(values.kills);

console.log(
  `seed ${values.seed}: ${kills} times kill -9 of the manager in runs of ${values.tasks} tasks of ${values.seconds} s on average, ` +
    `queueSize 500, ${values.slots} slots; runners are forked from a warm process`,
);
/** Starts that nothing but a kill explains. */
const startsOf = (run: CrashRun): number => run.executions.others.reduce((total, { extra }) => total + extra, 0);

const runs: CrashRun[] = [];
let killed = 0;
let failed = 0;
for (let number = 0; killed < kills && number < 3 * kills; number++) {
  const variant = wanted[number % wanted.length] as Variant;
  const most = Math.min(Number(values["kills-per-run"]), kills - killed);
  console.log(`run ${number + 1}, ${variant.name}, at most ${most} kills`);
  const run = await crashRun({
    variant,
    kills: most,
    tasks: Number(values.tasks),
    taskSeconds: Number(values.seconds),
    slots: Number(values.slots),
    args: values["tasks-per-job"] === undefined ? [] : ["--tasks-per-job", values["tasks-per-job"]],
    random,
    say: (text) => console.log(`  ${text}`),
  });
  killed += run.kills;
  runs.push(run);
  if (run.failures.length > 0) failed += 1;
  const { runs: starts, native, tasks, afterSpot, afterAmbiguous, withNative } = run.executions;
  console.log(
    `  ${run.kills} kills, ${run.seconds.toFixed(0)} s; ${run.right} of ${values.tasks} futures right; ${starts} starts of ${tasks} tasks (${native} native): ` +
      `${afterSpot} after Spot hits (${run.spotHits} of ${run.attempts} attempts), ${afterAmbiguous} after ambiguous submits (${run.ambiguousSubmits}), ` +
      `${withNative} where a native worker ran it too, ${startsOf(run)} others; keys left for lifecycle: ${run.keysLeft.length}`,
  );
  for (const failure of run.failures) console.log(`  FAIL ${failure}`);
}
const sum = (of: (run: CrashRun) => number): number => runs.reduce((total, run) => total + of(run), 0);
console.log(
  `\n${killed} kills in ${runs.length} runs of ${values.tasks} tasks; wrong or missing futures ${sum(({ wrong }) => wrong)}; live jobs left ` +
    `${sum(({ liveJobs }) => liveJobs.length)}; starts beyond 1 + Spot hits + ambiguous submits: ${sum(startsOf)}, ` +
    `and where a native worker ran the task too: ${sum((run) => run.executions.withNative)}`,
);
if (killed < kills) console.log(`FAIL only ${killed} of ${kills} kills fell into runs`);
console.log(
  failed === 0 && killed >= kills ? "PASS" : `FAIL in ${failed} of ${runs.length} runs (seed ${values.seed})`,
);
process.exitCode = failed === 0 && killed >= kills ? 0 : 1;
