#!/usr/bin/env node
// Proves that the simulator would find a bug: breaks the engine or the Node client in one place at a time, in a copy, and expects a seed to fail each time.
// Plain JavaScript, to be started on the project's Node: node scripts/mutants.mjs [name ...]
import { spawnSync } from "node:child_process";
import { cpSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { CLIENT_MUTANTS } from "./mutants/client-mutants.mjs";
import { ENGINE_MUTANTS } from "./mutants/engine-mutants.mjs";
import { cache, root } from "./setup/root.mjs";

const SEEDS = "3000";
const MUTANTS = [...ENGINE_MUTANTS, ...CLIENT_MUTANTS];

const folder = join(cache, "mutants");
const node = join(root, "node_modules", ".bin", "node");

function prepare() {
  rmSync(folder, { recursive: true, force: true });
  for (const name of ["adapter-core", "client", "testkit"]) {
    const from = join(root, "packages", name);
    const to = join(folder, "packages", name);
    mkdirSync(to, { recursive: true });
    cpSync(join(from, "src"), join(to, "src"), { recursive: true });
    cpSync(join(from, "package.json"), join(to, "package.json"));
  }
  const scope = join(folder, "node_modules", "@scaler-aws-hpc");
  mkdirSync(scope, { recursive: true });
  for (const name of ["adapter-core", "client"]) {
    symlinkSync(join("..", "..", "packages", name), join(scope, name));
  }
  // The client's other dependencies are found where the project's are.
  symlinkSync(join(root, "packages", "scaler-protocol"), join(scope, "scaler-protocol"));
  symlinkSync(join(root, "node_modules", "esbuild"), join(folder, "node_modules", "esbuild"));
}

function simulate(seeds, ...which) {
  const main = join(folder, "packages", "testkit", "src", "simulator", "main.ts");
  const args = [
    "--conditions=@scaler-aws-hpc/source",
    main,
    "--seeds",
    seeds,
    "--first-failure",
    "--no-table",
    ...which,
  ];
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
    const { status, found, output } = simulate(SEEDS, CLIENT_MUTANTS.includes(mutant) ? "--client" : "--engine");
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
