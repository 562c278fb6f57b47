#!/usr/bin/env node
// Proves that the simulator would find a bug: breaks the engine in one place at a time, in a copy, and expects a seed to fail each time.
// Plain JavaScript, to be started on the project's Node: node scripts/mutants.mjs [name ...]
import { spawnSync } from "node:child_process";
import { cpSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { cache, root } from "./setup/root.mjs";

const SEEDS = "3000";
const CORE = "packages/adapter-core/src/engine/core";

/** One mistake: in `file`, `anchor` (exactly one place) becomes `mutant`; `adds` go in front of the file. */
const MUTANTS = [
  {
    name: "a frame deleted before its acknowledgement",
    file: `${CORE}/tasks.ts`,
    anchor: "    markDelivered(assignment);\n",
    mutant: "    markDelivered(assignment);\n    releaseOutcome(core, assignment.work);\n",
  },
  {
    name: "a task submitted again on resume",
    file: `${CORE}/links.ts`,
    anchor: "for (const assignment of worker.assignments.values()) deliver(core, assignment);",
    mutant: `for (const assignment of worker.assignments.values()) {
      deliver(core, assignment);
      if (assignment.work.state === "bundled") enqueue(core, assignment.work, "front");
    }`,
    adds: 'import { enqueue } from "./ready.ts";\n',
  },
  {
    name: "a task submitted again when it is assigned again",
    file: `${CORE}/tasks.ts`,
    anchor: "core.works.get(task.taskId) ?? newWork(core, task, worker.profile)",
    mutant: "newWork(core, task, worker.profile)",
  },
  {
    name: "a slot leaked on cancel",
    file: `${CORE}/stopping.ts`,
    anchor: "  profile.used -= 1;\n",
    mutant: "  if (!child.cancelled) profile.used -= 1;\n",
  },
  {
    // biome-ignore-start lint/suspicious/noTemplateCurlyInString: it is the text of a template
    name: "the attempt left out of the frame key",
    file: "packages/adapter-core/src/formats/keys.ts",
    anchor: '.${count("attempt", attempt, 1)}.',
    mutant: '.${count("attempt", attempt && 1, 1)}.',
    // biome-ignore-end lint/suspicious/noTemplateCurlyInString: it is the text of a template
  },
  {
    name: "release before resume after a broken link",
    file: `${CORE}/links.ts`,
    anchor: "if (strange || core.now - worker.heardAt > core.options.workerLifeMs) {",
    mutant: "if (strange || core.now >= worker.heardAt) {",
  },
  {
    name: "an echo taken for more than it proves",
    file: `${CORE}/deliveries.ts`,
    anchor: "assignment.worker.heartbeatSeq + 1",
    mutant: "assignment.worker.heartbeatSeq",
  },
  {
    name: "a result sent after its cancel was confirmed",
    file: `${CORE}/deliveries.ts`,
    anchor: '  core.emit({ type: "abandon", delivery: assignment.delivery });\n',
    mutant: "",
  },
  {
    name: "logs sent again with a result that is sent again",
    file: `${CORE}/deliveries.ts`,
    anchor: "  assignment.logsSent = true;\n",
    mutant: "",
  },
  {
    name: "a cancel of an unknown task left unanswered",
    file: `${CORE}/tasks.ts`,
    anchor: '  core.emit({ type: "confirm", worker: worker.id, session: worker.session, taskId, answer });\n',
    mutant:
      '  if (assignment !== undefined) core.emit({ type: "confirm", worker: worker.id, session: worker.session, taskId, answer });\n',
  },
  {
    name: "tasks that are handed back forgotten",
    file: `${CORE}/jobs.ts`,
    anchor: "for (const index of [...event.notStarted].reverse()) {",
    mutant: "for (const index of [] as number[]) {",
  },
  {
    name: "a neighbour failed for a killer",
    file: `${CORE}/jobs.ts`,
    anchor: "  const alone = child.works.length === 1 && child.job.fresh;\n  for (",
    mutant: "  const alone = true;\n  for (",
  },
  {
    name: "a job without end at a draining manager",
    file: `${CORE}/engine-core.ts`,
    anchor: "    if (core.jobs.size > 0) return;\n",
    mutant: "",
  },
  {
    name: "a worker kept after a stall longer than its life",
    file: `${CORE}/liveness.ts`,
    anchor: "if (core.now - worker.heardAt <= core.options.workerLifeMs) continue;",
    mutant: "continue;",
  },
  {
    name: "a draining manager that spins",
    file: `${CORE}/batching.ts`,
    anchor: "      profile.gatheringSince = undefined;\n      continue;\n",
    mutant: "      continue;\n",
  },
  {
    name: "an echo of an older connection taken for one of this",
    file: `${CORE}/heartbeats.ts`,
    anchor: "worker.sessionSeq + worker.echoes - worker.staleEchoes",
    mutant: "worker.sessionSeq + worker.echoes",
  },
  {
    name: "an announced worker forgotten",
    file: `${CORE}/links.ts`,
    anchor: 'worker.role === "active" && worker.heartbeatSeq > 0',
    mutant: 'worker.role === "active" && worker.known',
  },
  {
    name: "a recovery that forgets who held a task",
    file: `${CORE}/recovering.ts`,
    anchor: "adoptWork(core, task, child, at, holders.get(holder))",
    mutant: "adoptWork(core, task, child, at, holders.get(holder) && undefined)",
  },
  {
    name: "the slot of a child that was taken over not counted",
    file: `${CORE}/recovering.ts`,
    anchor: "  profile.used += job.liveChildren;\n",
    mutant: "",
  },
  {
    name: "a job that was taken over never stopped although nobody claims it",
    file: `${CORE}/tasks.ts`,
    anchor: "  if (holder === undefined) core.unclaimed.add(work);\n  else ",
    mutant: "  if (holder !== undefined) ",
  },
  {
    name: "the oldest of several jobs believed about where a task is",
    file: `${CORE}/tasks.ts`,
    anchor: "  if (known !== undefined) unclaim(core, known);\n",
    mutant: "  if (known !== undefined) return known;\n",
  },
  {
    name: "logs of a job that was taken over sent again",
    file: `${CORE}/tasks.ts`,
    anchor: "  else claim(core, work, holder).logsSent = true;\n",
    mutant: "  else claim(core, work, holder);\n",
  },
  {
    name: "a bundle deleted before the frames that only it explains",
    file: `${CORE}/frames.ts`,
    anchor: "  if (core.options.backend.outlives === true && job.frames > 0) return;\n",
    mutant: "",
  },
  {
    name: "a goodbye at a hand-off",
    file: `${CORE}/engine-core.ts`,
    anchor: 'core.emit({ type: "close", worker: id, session, leave: false });',
    mutant: 'core.emit({ type: "close", worker: id, session, leave: true });',
  },
  {
    name: "a draining manager that leaves frames behind",
    file: `${CORE}/engine-core.ts`,
    anchor: "    for (const work of [...core.works.values()]) drop(core, work);\n",
    mutant: "",
  },
  {
    name: "a budget of retries for the engine alone",
    file: `${CORE}/jobs.ts`,
    anchor: 'if (work.child === child && work.state === "bundled") work.retries += more;',
    mutant: 'if (work.child === child && work.state === "bundled") work.retries += 0 * more;',
  },
  {
    name: "single trials for ever after jobs could not be started",
    file: `${CORE}/breaker.ts`,
    anchor: "  breaker.failures = 0;\n",
    mutant: "",
  },
];

const folder = join(cache, "mutants");
const node = join(root, "node_modules", ".bin", "node");

function prepare() {
  rmSync(folder, { recursive: true, force: true });
  for (const name of ["adapter-core", "testkit"]) {
    const from = join(root, "packages", name);
    const to = join(folder, "packages", name);
    mkdirSync(to, { recursive: true });
    cpSync(join(from, "src"), join(to, "src"), { recursive: true });
    cpSync(join(from, "package.json"), join(to, "package.json"));
  }
  const scope = join(folder, "node_modules", "@scaler-aws-hpc");
  mkdirSync(scope, { recursive: true });
  symlinkSync(join("..", "..", "packages", "adapter-core"), join(scope, "adapter-core"));
}

function simulate(seeds) {
  const main = join(folder, "packages", "testkit", "src", "simulator", "main.ts");
  const args = ["--conditions=@scaler-aws-hpc/source", main, "--seeds", seeds, "--first-failure", "--no-table"];
  const { status, stdout, stderr } = spawnSync(node, args, { encoding: "utf8", maxBuffer: 1 << 28 });
  const failed = /^seed \d+: .*$/m.exec(stdout);
  return { status, found: failed?.[0], output: `${stdout}${stderr}` };
}

/** @throws {Error} when the anchor is not there exactly once. */
function patched(text, { name, file, anchor, mutant, adds = "" }) {
  const parts = text.split(anchor);
  if (parts.length === 2) return adds + parts.join(mutant);
  throw new Error(
    `mutant "${name}": its anchor stands ${parts.length - 1} times in ${file}, expected once; mend the anchor`,
  );
}

function main(wanted) {
  prepare();
  const sound = simulate("30");
  if (sound.status !== 0) {
    process.stdout.write(`without any mutant a seed fails: ${sound.found ?? sound.output}\n`);
    return 1;
  }
  let survivors = 0;
  const chosen = MUTANTS.filter(({ name }) => wanted.length === 0 || wanted.some((word) => name.includes(word)));
  for (const mutant of chosen) patched(readFileSync(join(folder, mutant.file), "utf8"), mutant);
  for (const mutant of chosen) {
    const file = join(folder, mutant.file);
    const text = readFileSync(file, "utf8");
    writeFileSync(file, patched(text, mutant));
    const { status, found, output } = simulate(SEEDS);
    writeFileSync(file, text);
    const killed = status === 1 && found !== undefined;
    if (!killed) survivors += 1;
    const how = killed ? `found by ${found}` : `NOT FOUND in ${SEEDS} seeds\n${output.slice(-2_000)}`;
    process.stdout.write(`${mutant.name}: ${how}\n`);
  }
  process.stdout.write(`${chosen.length - survivors} of ${chosen.length} mutants found\n`);
  rmSync(folder, { recursive: true, force: true });
  return survivors === 0 && chosen.length > 0 ? 0 : 1;
}

process.exitCode = main(process.argv.slice(2));
