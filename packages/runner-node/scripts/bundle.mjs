// Makes the runner's one file, bundle/scaler-runner.cjs, from the sources: nothing has to be compiled before. Run when the package is
// packed, by the project's scripts, and by the test runner before any test; it takes some 50 ms. As a CommonJS module, which starts faster.
import { mkdir, readFile, rename, writeFile } from "node:fs/promises";
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
  const bytes = Buffer.from(
    `"use strict";\n(${choose})(${JSON.stringify(executor)}, ${JSON.stringify(supervisor)});\n`,
  );
  const before = await readFile(file).catch(() => undefined);
  if (before?.equals(bytes)) return;
  await mkdir(dirname(file), { recursive: true });
  const temporary = `${file}.${process.pid}`;
  await writeFile(temporary, bytes);
  await rename(temporary, file);
}

/** Runs one of the two, as a module of Node's would be. With `--prepare` it compiles both to files beside this one, of which this same Node takes them the next time. */
function choose(executor, supervisor) {
  const { Script, constants } = require("node:vm");
  const { readFileSync, writeFileSync } = require("node:fs");
  const compile = (source, cachedData) => {
    const importModuleDynamically = constants.USE_MAIN_CONTEXT_DEFAULT_LOADER;
    const wrapped = `(function (exports, require, module, __filename, __dirname) {${source}\n})`;
    return new Script(wrapped, { filename: __filename, importModuleDynamically, cachedData });
  };
  const kept = { executor: `${__filename}.executor.cache`, supervisor: `${__filename}.supervisor.cache` };
  if (process.argv[2] === "--prepare") {
    const { setFlagsFromString } = require("node:v8");
    for (const [source, file] of [
      [executor, kept.executor],
      [supervisor, kept.supervisor],
    ]) {
      setFlagsFromString("--no-lazy");
      const script = compile(source);
      setFlagsFromString("--lazy");
      writeFileSync(file, script.createCachedData());
    }
    return;
  }
  const first = process.argv[2] === "executor";
  let cached;
  try {
    cached = readFileSync(first ? kept.executor : kept.supervisor);
  } catch {
    // Not prepared.
  }
  const run = compile(first ? executor : supervisor, cached).runInThisContext();
  run.call(exports, exports, require, module, __filename, __dirname);
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
