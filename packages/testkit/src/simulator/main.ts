import { parseArgs } from "node:util";
import { CLIENT_SOMETIMES } from "./client/client-sometimes.ts";
import { simulateClient } from "./client/simulate-client.ts";
import { Coverage, SOMETIMES } from "./coverage.ts";
import { playSeeds } from "./play-seeds.ts";
import { REGRESSIONS } from "./regressions.ts";
import { simulate } from "./simulate.ts";

const USAGE = `Plays the manager's engine, then the Node client, against a fake scheduler, network and storage in virtual time.

  --engine         only the engine
  --client         only the Node client
  --seeds N        how many seeds, from --seed on (default 1000); half as many of the client beside the engine's
  --tasks N        tasks of each run of the engine (default 200)
  --actions N      what programs do in each run of the client (default 60)
  --seed S         first seed; alone, with --trace, the only one (default 1)
  --trace          print every event
  --first-failure  stop at the first seed that fails
  --no-coverage    do not fail when a fault never happened
  --no-table       do not print how often each fault and recovery happened
`;

const { values } = parseArgs({
  options: {
    engine: { type: "boolean", default: false },
    client: { type: "boolean", default: false },
    seeds: { type: "string" },
    tasks: { type: "string", default: "200" },
    actions: { type: "string", default: "60" },
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
  const both = values.engine === values.client;
  const engineFailed = (both || values.engine) && !(await playEngine());
  const clientFailed = (both || values.client) && !(await playClient(both ? 1 / 2 : 1));
  process.exitCode = engineFailed || clientFailed ? 1 : 0;
}

async function playEngine(): Promise<boolean> {
  const tasks = Number(values.tasks);
  return await playSeeds({
    ...common(),
    what: `seeds of ${tasks} tasks for the engine`,
    seeds: [...(values.seed === undefined ? REGRESSIONS : []), ...seeds(1)],
    play: (seed) => simulate(seed, { ...echo(), tasks }),
    again: (seed) => `npm run sim -- --engine --seed ${seed} --tasks ${tasks} --trace`,
    coverage: new Coverage(SOMETIMES),
  });
}

async function playClient(share: number): Promise<boolean> {
  const actions = Number(values.actions);
  return await playSeeds({
    ...common(),
    what: `seeds of ${actions} actions for the Node client`,
    seeds: seeds(share),
    play: (seed) => simulateClient(seed, { ...echo(), tasks: actions }),
    again: (seed) => `npm run sim -- --client --seed ${seed} --actions ${actions} --trace`,
    coverage: new Coverage(CLIENT_SOMETIMES),
  });
}

function common(): { firstFailure: boolean; needsCoverage: boolean; table: boolean } {
  return { firstFailure: values["first-failure"], needsCoverage: values.coverage, table: values.table };
}

function echo(): { echo?: (line: string) => void } {
  return values.trace ? { echo: (line) => process.stdout.write(`${line}\n`) } : {};
}

function seeds(share: number): readonly number[] {
  const first = Number(values.seed ?? 1);
  const count = Number(values.seeds ?? (values.seed === undefined ? 1_000 : 1));
  return Array.from({ length: Math.ceil(count * share) }, (_, at) => first + at);
}
