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
  const choice = `process.argv[2] === "executor" ? ${JSON.stringify(executor)} : ${JSON.stringify(supervisor)}`;
  const bytes = Buffer.from(`"use strict";\nmodule._compile(${choice}, __filename);\n`);
  const before = await readFile(file).catch(() => undefined);
  if (before?.equals(bytes)) return;
  await mkdir(dirname(file), { recursive: true });
  const temporary = `${file}.${process.pid}`;
  await writeFile(temporary, bytes);
  await rename(temporary, file);
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
