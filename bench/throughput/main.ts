// Tasks per second of trivial tasks, by submit and by map, on two slots against Scaler's own two workers.
//
// `npm run bench throughput` compares our manager with Scaler's own, both for the released Python client; with `--node` it compares the Node
// client, our manager and the Node runner with the released client and its native workers, then the start-up of both runners, and checks
// two limits. Rounds are interleaved and each has a fresh cluster; figures are medians. [--rounds 5] [--tasks 5000] [--only NAME]
import { parseArgs } from "node:util";
import { median } from "./median.ts";
import { type Contender, type Measured, round, WAYS, type Way } from "./round.ts";
import { nodeStarter, pythonStarter, startUpMs } from "./start-up.ts";

const { values } = parseArgs({
  options: {
    rounds: { type: "string", default: "5" },
    tasks: { type: "string", default: "5000" },
    only: { type: "string" },
    node: { type: "boolean", default: false },
  },
});
const rounds = Number(values.rounds);
const tasks = Number(values.tasks);

/** Of the tasks per second by either way. */
const LEAST_RATIO = 1.5;
/** Start-up of the Node runner as a part of the Python runner's. */
const MOST_START_UP = 0.6;
const START_UPS = 15;

const OURS: Contender = values.node
  ? { name: "node", kind: "ours", client: "node" }
  : { name: "ours", kind: "ours", client: "python" };
const NATIVE: Contender = { name: "native", kind: "native", client: "python" };
const both = [OURS, NATIVE];
const contenders = both.some(({ name }) => name === values.only)
  ? both.filter(({ name }) => name === values.only)
  : both;
const all = new Map<Contender, Record<Way, Measured>[]>(contenders.map((contender) => [contender, []]));

function verdict(what: string, got: number, limit: number, good: boolean): void {
  console.log(`${good ? "PASS" : "FAIL"} ${what}: ${got.toFixed(2)}, limit ${limit}`);
  if (!good) process.exitCode = 1;
}

async function measureRounds(): Promise<void> {
  for (let number = 0; number < rounds; number++) {
    // The order alternates, so that neither always has the warmer machine.
    for (const contender of number % 2 === 0 ? contenders : contenders.toReversed()) {
      const measured = await round(contender, tasks);
      all.get(contender)?.push(measured);
      const rates = WAYS.map((way) => `${way} ${(tasks / measured[way].seconds).toFixed(0)}/s`).join(", ");
      console.log(`round ${number + 1} ${contender.name.padEnd(6)} ${rates}`);
    }
  }
}

function tell(way: Way): void {
  for (const [{ name }, measured] of all) {
    const rate = median(measured.map((one) => tasks / one[way].seconds));
    const perThousand = Object.keys(measured[0]?.[way].cpu ?? {}).map((part) => {
      const cpu = median(measured.map((one) => one[way].cpu[part] ?? 0));
      return `${part} ${((cpu / tasks) * 1000).toFixed(2)}`;
    });
    console.log(`${way} ${name}: ${rate.toFixed(0)} tasks/s; CPU seconds per 1,000 tasks: ${perThousand.join(", ")}`);
  }
  const [ours = [], native = []] = [...all.values()];
  if (native.length === 0) return;
  const ratio = median(ours.map((one, index) => (native[index]?.[way].seconds ?? Number.NaN) / one[way].seconds));
  if (values.node)
    verdict(`${way}, tasks per second against the native ones`, ratio, LEAST_RATIO, ratio >= LEAST_RATIO);
  else console.log(`${way}: ratio of ours to native, median of ${rounds} rounds: ${ratio.toFixed(2)}`);
}

async function compareStartUps(): Promise<void> {
  const starters = { node: nodeStarter(), python: await pythonStarter() };
  const took = { node: [] as number[], python: [] as number[] };
  for (let number = 0; number < START_UPS; number++) {
    for (const name of ["node", "python"] as const) took[name].push(await startUpMs(starters[name]));
  }
  const [node, python] = [median(took.node), median(took.python)];
  console.log(
    `spawn to first result, median of ${START_UPS}: Node ${node.toFixed(0)} ms, Python ${python.toFixed(0)} ms`,
  );
  verdict(
    "start-up of the Node runner as a part of the Python runner's",
    node / python,
    MOST_START_UP,
    node / python <= MOST_START_UP,
  );
}

console.log(`${tasks} trivial tasks, ${rounds} interleaved rounds, two slots against two fixed native workers`);
await measureRounds();
for (const way of WAYS) tell(way);
if (values.node) await compareStartUps();
