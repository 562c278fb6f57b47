// `npm run check`: lint, unused code, and every published package as users get it: packed, checked by publint and attw, installed
// into an empty folder and imported on the oldest Node that it supports and on the newest. Ends with `N passed, N failed`.
import { existsSync } from "node:fs";
import { mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { delimiter, join } from "node:path";
import { run, stopChildrenWithUs } from "./setup/child.mjs";
import { findNode } from "./setup/node-modules.mjs";
import { cache, root } from "./setup/root.mjs";
import { say } from "./setup/say.mjs";

/** The oldest Node of every package's `engines`. */
const FLOOR = "22.13.1";

const bin = join(root, "node_modules", ".bin");
const work = join(cache, "check");
let passed = 0;
let failed = 0;

/** Runs one check and prints what it said only if it failed. */
async function check(name, file, args, options = {}) {
  const { code, output } = await run(file, args, { capture: true, ...options });
  if (code === 0) passed += 1;
  else failed += 1;
  process.stdout.write(`${code === 0 ? "ok  " : "FAIL"} ${name}\n`);
  if (code !== 0) process.stdout.write(`${output.trim().replace(/^/gm, "     ")}\n`);
  return { code, output };
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

/** What a user may import: every door of `exports` but package.json. */
function doors({ name, exports }) {
  return Object.keys(exports)
    .filter((door) => door !== "./package.json")
    .map((door) => (door === "." ? name : `${name}${door.slice(1)}`));
}

async function pack({ path, manifest }) {
  const args = ["pack", "--json", "--silent", "--pack-destination", work];
  const { code, output } = await check(`pack ${manifest.name}`, "npm", args, { cwd: path });
  const file = join(work, `${manifest.name.replace("@", "").replace("/", "-")}-${manifest.version}.tgz`);
  if (code === 0 && existsSync(file)) return file;
  if (code === 0) throw new Error(`npm pack did not write ${file}:\n${output}`);
  return undefined;
}

/** The floor's Node comes from npm like the newest: a package that holds just the program. */
async function floorNode() {
  const folder = join(cache, `node-${FLOOR}`);
  const program = join(folder, "node_modules", `node-${process.platform}-${process.arch}`, "bin", "node");
  if (existsSync(program)) return program;
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, "package.json"), JSON.stringify({ private: true }));
  const packageName = `node-${process.platform}-${process.arch}@${FLOOR}`;
  await check(`install Node ${FLOOR}`, "npm", ["install", ...QUIET, packageName], { cwd: folder });
  return program;
}

const QUIET = ["--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"];

async function main() {
  await rm(work, { recursive: true, force: true });
  await mkdir(work, { recursive: true });
  const node = findNode();

  say("checking the sources");
  await check("biome", join(bin, "biome"), ["ci", "--colors=off", "."]);
  const compiler = join(root, "node_modules", "typescript", "bin", "tsc");
  await check("types of tests, demo and benchmarks", node, [compiler, "-p", join(root, "scripts")]);
  await check("knip", node, [join(root, "node_modules", "knip", "bin", "knip.js")]);

  say("packing and checking each package");
  const packages = await publicPackages();
  const tarballs = [];
  for (const one of packages) {
    const tarball = await pack(one);
    if (tarball === undefined) continue;
    tarballs.push(tarball);
    await check(`publint ${one.manifest.name}`, join(bin, "publint"), ["run", "--strict", tarball]);
    await check(`attw ${one.manifest.name}`, join(bin, "attw"), ["--profile", "esm-only", "--no-emoji", tarball]);
  }

  say("installing the packed files into an empty folder");
  const user = join(work, "user");
  await mkdir(user);
  await writeFile(join(user, "package.json"), JSON.stringify({ private: true, type: "module" }));
  await check("install the packed files", "npm", ["install", ...QUIET, ...tarballs], { cwd: user });

  const cli = packages.find(({ manifest }) => manifest.bin !== undefined)?.manifest;
  for (const program of [await floorNode(), node]) {
    const { output: version } = await run(program, ["--version"], { capture: true });
    for (const { manifest } of packages) {
      const code = doors(manifest)
        .map((door) => `await import(${JSON.stringify(door)});`)
        .join("\n");
      await check(`import ${manifest.name} on Node ${version.trim()}`, program, ["--input-type=module", "-e", code], {
        cwd: user,
      });
    }
    if (cli === undefined) continue;
    const [command] = Object.keys(cli.bin);
    const env = { NODE_ENV: "production", PATH: `${join(program, "..")}${delimiter}${process.env.PATH}` };
    const file = join(user, "node_modules", cli.name, cli.bin[command]);
    for (const args of [["--version"], ["start", "--help"]]) {
      await check(`${command} ${args.join(" ")} on Node ${version.trim()}`, program, [file, ...args], {
        cwd: user,
        env,
      });
    }
  }
}

stopChildrenWithUs();
await main().catch((reason) => {
  failed += 1;
  process.stdout.write(`${reason?.stack ?? reason}\n`);
});
process.stdout.write(`${passed} passed, ${failed} failed\n`);
process.exit(failed === 0 ? 0 : 1);
