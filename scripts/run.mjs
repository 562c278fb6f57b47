#!/usr/bin/env node
// One door for `npm run demo | test | test:fast | test:containers | containers:setup | sim | mutants | bench NAME | check | rehearse`. Plain JavaScript without dependencies, because
// it runs before anything is installed and on the machine's own Node (20 or newer).
import { existsSync, readdirSync } from "node:fs";
import { delimiter, join } from "node:path";
import { ensureBuild } from "./setup/build.mjs";
import { run, stopChildrenWithUs } from "./setup/child.mjs";
import { ensureContainerPrograms } from "./setup/containers.mjs";
import { ensureNodeModules, findNode } from "./setup/node-modules.mjs";
import { ensureReleases, venvs } from "./setup/python.mjs";
import { BENCH_ENVIRONMENTS, DEFAULT_RELEASE, RELEASES, SERVICE_ENVIRONMENTS } from "./setup/releases.mjs";
import { root } from "./setup/root.mjs";
import { SetupError, say } from "./setup/say.mjs";

const SOURCE = "--conditions=@scaler-aws-hpc/source";
const VITEST = join(root, "node_modules", "vitest", "vitest.mjs");
const REPORTERS = ["--reporter=default", `--reporter=${join(root, "scripts", "vitest-summary-reporter.ts")}`];

/** What each command needs set up, and what it then runs on our Node. */
const COMMANDS = {
  demo: {
    releases: (rest) => [DEFAULT_RELEASE, ...(rest.some((word) => word.includes("batch")) ? ["moto"] : [])],
    args: (rest) => [SOURCE, join(root, "demo", "demo.ts"), ...rest],
  },
  test: {
    releases: [...Object.keys(RELEASES), ...Object.keys(SERVICE_ENVIRONMENTS)],
    args: (rest) => [VITEST, "run", ...REPORTERS, "--project=!containers", ...rest],
  },
  "test:containers": {
    releases: [DEFAULT_RELEASE, "moto"],
    // A desk is asked (`containers:setup`) before programs are installed on it.
    prepare: () => (process.env.CI === "true" ? ensureContainerPrograms() : undefined),
    args: (rest) => [VITEST, "run", ...REPORTERS, "--project", "containers", ...rest],
  },
  "containers:setup": { releases: [], prepare: ensureContainerPrograms },
  "test:fast": {
    releases: [DEFAULT_RELEASE],
    args: (rest) => [
      VITEST,
      "run",
      ...REPORTERS,
      "--project",
      "unit",
      "--project",
      "conformance",
      "--project",
      "smoke",
      ...rest,
    ],
  },
  sim: {
    releases: [],
    args: (rest) => [SOURCE, join(root, "packages", "testkit", "src", "simulator", "main.ts"), ...rest],
  },
  bench: {
    releases: ([name = ""]) => [DEFAULT_RELEASE, ...(name.startsWith("aws") ? Object.keys(BENCH_ENVIRONMENTS) : [])],
    args: ([name = "", ...rest]) => [SOURCE, "--expose-gc", benchmark(name), ...rest],
  },
  mutants: { releases: [], args: (rest) => [join(root, "scripts", "mutants.mjs"), ...rest] },
  check: { releases: [], args: (rest) => [join(root, "scripts", "check-packages.mjs"), ...rest] },
  // Compiles a clone of its own: what is committed is what is published.
  rehearse: {
    releases: [DEFAULT_RELEASE],
    compiles: false,
    args: () => [SOURCE, join(root, "scripts", "rehearse.ts")],
  },
};

function benchmark(name) {
  const folder = join(root, "bench");
  const file = join(folder, name, "main.ts");
  if (/^[a-z-]+$/.test(name) && existsSync(file)) return file;
  const known = readdirSync(folder).filter((entry) => existsSync(join(folder, entry, "main.ts")));
  throw new SetupError(`no benchmark ${JSON.stringify(name)}; known: ${known.join(", ")}`);
}

async function main([name = "", ...rest]) {
  const command = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
  if (command === undefined) throw new SetupError(`usage: node scripts/run.mjs ${Object.keys(COMMANDS).join(" | ")}`);
  if (process.platform === "win32") throw new SetupError("these scripts need Linux or macOS; on Windows use WSL");
  if (Number(process.versions.node.split(".")[0]) < 20)
    throw new SetupError(`Node 20 or newer is needed, this is ${process.version}`);

  await ensureNodeModules();
  const node = findNode();
  await command.prepare?.();
  if (command.args === undefined) return 0;
  await ensureReleases(typeof command.releases === "function" ? command.releases(rest) : command.releases);
  if (command.compiles !== false) await ensureBuild(node);
  const args = command.args(rest);
  say(`starting ${name}`);
  const bin = join(root, "node_modules", ".bin");
  const env = {
    PATH: `${bin}${delimiter}${process.env.PATH ?? ""}`,
    SCALER_AWS_HPC_VENVS: venvs,
    TURBO_TELEMETRY_DISABLED: "1",
  };
  const { code } = await run(node, args, { env });
  return code;
}

stopChildrenWithUs();
main(process.argv.slice(2)).then(
  (code) => process.exit(code),
  (reason) => {
    process.stderr.write(`${reason instanceof SetupError ? reason.message : (reason?.stack ?? reason)}\n`);
    process.exit(1);
  },
);
