// Makes the runner's one file, bundle/scaler-runner.cjs, from the sources: nothing has to be compiled before. Run when the package is
// packed, by the project's scripts, and by the test runner before any test; it takes some 50 ms. As a CommonJS module, which starts faster.
import { createHash } from "node:crypto";
import { mkdir, readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const folder = dirname(dirname(fileURLToPath(import.meta.url)));
const file = join(folder, "bundle", "scaler-runner.cjs");

/**
 * Writes the bundle if it differs: a runner may be reading it. Named as the test runner calls it. It holds two programs, as texts of which each process
 * compiles its own one only: what V8 has to look through counts in milliseconds.
 */
export async function setup() {
  const [supervisor, executor] = await Promise.all(["src/main.ts", "src/main-executor.ts"].map(program));
  const version = createHash("sha256").update(executor).update(supervisor).digest("hex").slice(0, 16);
  const bytes = Buffer.from(
    `"use strict";\n(${choose})(${JSON.stringify(executor)}, ${JSON.stringify(supervisor)}, ${JSON.stringify(version)});\n`,
  );
  const before = await readFile(file).catch(() => undefined);
  if (before?.equals(bytes)) return;
  await mkdir(dirname(file), { recursive: true });
  const temporary = `${file}.${process.pid}`;
  await writeFile(temporary, bytes);
  await rename(temporary, file);
  // What earlier ones kept of themselves.
  for (const name of await readdir(dirname(file))) {
    if (name.endsWith(".compiled") && !name.includes(version)) await rm(join(dirname(file), name), { force: true });
  }
}

/**
 * Runs one of the two, as a module of Node's would be, from what V8 made of it earlier where that lies beside this file. `--prepare` puts it there for
 * both; one that serves a manager does it for itself, once it is through with its start. The names tell the runner's and Node's versions: V8 looks at
 * little more of a program than its length.
 */
function choose(executor, supervisor, version) {
  const { Script, constants } = require("node:vm");
  const { readFileSync, renameSync, writeFileSync } = require("node:fs");
  const compiled = (name) => `${__filename}.${version}.${process.version}-${process.arch}.${name}.compiled`;
  const compile = (source, cachedData) => {
    const importModuleDynamically = constants.USE_MAIN_CONTEXT_DEFAULT_LOADER;
    const wrapped = `(function (exports, require, module, __filename, __dirname) {${source}\n})`;
    return new Script(wrapped, { filename: __filename, importModuleDynamically, cachedData });
  };
  const keep = (script, name) => {
    const temporary = `${compiled(name)}.${process.pid}`;
    writeFileSync(temporary, script.createCachedData());
    renameSync(temporary, compiled(name));
  };
  if (process.argv[2] === "--prepare") {
    const { setFlagsFromString } = require("node:v8");
    for (const [source, name] of [
      [executor, "executor"],
      [supervisor, "supervisor"],
    ]) {
      setFlagsFromString("--no-lazy");
      const script = compile(source);
      setFlagsFromString("--lazy");
      keep(script, name);
    }
    return;
  }
  const first = process.argv[2] === "executor";
  const name = first ? "executor" : "supervisor";
  let cached;
  try {
    cached = readFileSync(compiled(name));
  } catch {
    // Not kept so far.
  }
  const script = compile(first ? executor : supervisor, cached);
  script.runInThisContext().call(exports, exports, require, module, __filename, __dirname);
  // What a job is started with are arguments; a manager gives none.
  if (cached !== undefined || process.argv.length > (first ? 4 : 2)) return;
  setTimeout(() => {
    try {
      keep(script, name);
    } catch {
      // The folder is somebody else's: starts take as long as this one.
    }
  }, 1_000).unref();
}

async function program(entry) {
  const { outputFiles } = await build({
    absWorkingDir: folder,
    entryPoints: [entry],
    write: false,
    bundle: true,
    platform: "node",
    format: "cjs",
    target: "node22.13",
    conditions: ["@scaler-aws-hpc/source"],
    // Nothing in our packages has effects when it is imported and not used.
    plugins: [
      { name: "pure", setup: pure },
      { name: "late", setup: late },
    ],
    minifySyntax: true,
    minifyWhitespace: true,
    legalComments: "none",
    logLevel: "warning",
  });
  return outputFiles[0].text;
}

function pure(build) {
  build.onResolve({ filter: /^[.@]/ }, async ({ path, importer, kind, resolveDir, pluginData }) => {
    if (pluginData?.resolving) return undefined;
    const found = await build.resolve(path, { importer, kind, resolveDir, pluginData: { resolving: true } });
    return { ...found, sideEffects: kind === "entry-point" };
  });
}

/** Modules of Node that take milliseconds to load, of which nothing but functions and constants is used: each loads its module when it is called first. */
function late(build) {
  build.onResolve({ filter: /^node:(?:crypto|zlib)$/ }, ({ path, namespace }) =>
    namespace === "late" ? { path, external: true } : { path, namespace: "late", sideEffects: false },
  );
  build.onLoad({ filter: /./, namespace: "late" }, async ({ path }) => {
    const load = `require(${JSON.stringify(path)})`;
    const names = Object.keys(await import(path)).filter((name) => /^[a-z]\w*$/.test(name) && name !== "default");
    const lines = names.map((name) =>
      name === "constants"
        ? `export const constants = new Proxy({}, { get: (_, name) => ${load}.constants[name] });`
        : `export const ${name} = (...all) => ${load}.${name}(...all);`,
    );
    return { contents: lines.join("\n"), loader: "js" };
  });
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await setup();
