// `npm run check`: lint, types, unused code, and every published package as users get it: packed, looked into, checked by publint and
// attw, installed into an empty folder and used on the oldest Node that it supports and on the newest. A line for each check with its
// time; ends with `N passed, N failed`.
import { existsSync } from "node:fs";
import { cp, mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { delimiter, dirname, join } from "node:path";
import { packedFiles } from "./check/packed-files.mjs";
import { check, checkProgram, counts } from "./check/report.mjs";
import { run, stopChildrenWithUs } from "./setup/child.mjs";
import { findNode } from "./setup/node-modules.mjs";
import { cache, root } from "./setup/root.mjs";
import { say } from "./setup/say.mjs";

/** The oldest Node of every package's `engines`. */
const FLOOR = "22.13.1";

const QUIET = ["--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"];
const bin = join(root, "node_modules", ".bin");
const work = join(cache, "check");
const user = join(work, "user");
const example = join(root, "examples", "backend-fork");
const node = findNode();

async function main() {
  await rm(work, { recursive: true, force: true });
  await mkdir(user, { recursive: true });
  await checkSources();
  const packages = await publicPackages();
  const tarballs = await packAll(packages);
  await useThem(packages, tarballs);
}

async function checkSources() {
  say("checking the sources");
  const compiler = join(root, "node_modules", "typescript", "bin", "tsc");
  await checkProgram("biome", join(bin, "biome"), ["ci", "--colors=off", "--error-on-warnings", "."]);
  await checkProgram("types of packages", node, [compiler, "-b"]);
  await checkProgram("types of tests, examples, demo and benchmarks", node, [compiler, "-p", join(root, "scripts")]);
  await checkProgram("knip", node, [join(root, "node_modules", "knip", "bin", "knip.js"), "--no-progress"]);
}

async function publicPackages() {
  const found = [];
  for (const folder of await readdir(join(root, "packages"))) {
    const path = join(root, "packages", folder);
    const manifest = JSON.parse(await readFile(join(path, "package.json"), "utf8"));
    if (!manifest.private) found.push({ path, manifest });
  }
  return found;
}

async function packAll(packages) {
  say("packing and checking each package");
  const tarballs = [];
  for (const { path, manifest } of packages) {
    const { name, version } = manifest;
    const tarball = join(work, `${name.replace("@", "").replace("/", "-")}-${version}.tgz`);
    const args = ["pack", "--silent", "--pack-destination", work];
    if (!(await checkProgram(`pack ${name}`, "npm", args, { cwd: path }))) continue;
    tarballs.push(tarball);
    await check(`files of ${name}`, () => packedFiles(tarball, manifest));
    await checkProgram(`publint ${name}`, join(bin, "publint"), ["run", "--strict", tarball]);
    await checkProgram(`attw ${name}`, join(bin, "attw"), ["--profile", "esm-only", "--no-emoji", tarball]);
  }
  return tarballs;
}

async function useThem(packages, tarballs) {
  say("installing the packed files into an empty folder");
  await writeFile(join(user, "package.json"), JSON.stringify({ private: true, type: "module" }));
  const theirs = join(work, "scaler-aws-hpc-backend-fork-0.1.0.tgz");
  await checkProgram("pack the example", "npm", ["pack", "--silent", "--pack-destination", work], { cwd: example });
  await checkProgram("install the packed files", "npm", ["install", ...QUIET, ...tarballs, theirs], { cwd: user });
  await cp(join(example, "test"), join(user, "test"), { recursive: true });

  for (const program of [await floorNode(), node]) {
    const { output } = await run(program, ["--version"], { capture: true });
    const on = `on Node ${output.trim()}`;
    for (const { manifest } of packages) {
      const code = doors(manifest)
        .map((door) => `await import(${JSON.stringify(door)});`)
        .join("\n");
      const args = ["--input-type=module", "-e", code];
      await checkProgram(`import ${manifest.name} ${on}`, program, args, { cwd: user, expect: /^$/ });
    }
    for (const { manifest } of packages)
      if (manifest.bin !== undefined) await useProgram(manifest, program, on, theirs);
    const suite = ["--test", "--test-reporter=tap"];
    const options = { cwd: user, env: home("suite"), expect: /^# pass \d\d/m };
    await checkProgram(`the example's conformance suite ${on}`, program, suite, options);
  }
}

/** What a user sees first, and what an author of plugins does. */
async function useProgram({ name, version, bin: programs }, program, on, theirs) {
  const [command] = Object.keys(programs);
  const file = join(user, "node_modules", name, programs[command]);
  const env = { ...home(on.replaceAll(/\W/g, "")), PATH: `${dirname(program)}${delimiter}${process.env.PATH}` };
  for (const [args, expect] of [
    [["--version"], new RegExp(`^${name}/${version} \\S+ node-v\\S+\\n$`)],
    [["--help"], /^Connect an OpenGRIS.*COMMANDS\n.*\bstart\b/s],
    [["start", "--help"], /--max-concurrent-jobs/],
    [["plugins"], /backend local, --python\n.*payload store fs, --store-dir, --store-durable\n.*runner python\n$/s],
    [["plugins", "install", theirs], /installed/],
    [["plugins"], /: backend fork, --fork-nice\n$/],
    [["config", "show", "--json", "--fork-nice", "3"], /"fork-nice"/],
  ])
    await checkProgram(`${command} ${args.map(base).join(" ")} ${on}`, program, [file, ...args], {
      cwd: user,
      env,
      expect,
    });
}

const base = (text) => text.split("/").at(-1);

/** A home folder of its own, so that nothing of this machine's user is read or written. */
function home(name) {
  const folder = join(work, "home", name);
  return {
    HOME: folder,
    XDG_DATA_HOME: undefined,
    XDG_CONFIG_HOME: undefined,
    XDG_CACHE_HOME: undefined,
    NODE_ENV: "production",
  };
}

/** What a user may import: every door of `exports` but package.json. */
function doors({ name, exports }) {
  return Object.keys(exports)
    .filter((door) => door !== "./package.json")
    .map((door) => (door === "." ? name : `${name}${door.slice(1)}`));
}

/** The floor's Node comes from npm like the newest: a package that holds just the program. */
async function floorNode() {
  const folder = join(cache, `node-${FLOOR}`);
  const program = join(folder, "node_modules", `node-${process.platform}-${process.arch}`, "bin", "node");
  if (existsSync(program)) return program;
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, "package.json"), JSON.stringify({ private: true }));
  const packageName = `node-${process.platform}-${process.arch}@${FLOOR}`;
  await checkProgram(`install Node ${FLOOR}`, "npm", ["install", ...QUIET, packageName], { cwd: folder });
  return program;
}

stopChildrenWithUs();
await check("everything was checked", async () => {
  await main();
  return undefined;
});
process.stdout.write(`${counts.passed} passed, ${counts.failed} failed\n`);
process.exit(counts.failed === 0 ? 0 : 1);
