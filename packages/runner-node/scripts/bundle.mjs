// Makes the runner's one file, bundle/scaler-runner.cjs, from the sources: nothing has to be compiled before. Run when the package is
// packed, by the project's scripts, and by the test runner before any test; it takes some 50 ms. As a CommonJS module, which starts faster.
import { mkdir, readFile, rename, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const folder = dirname(dirname(fileURLToPath(import.meta.url)));
const file = join(folder, "bundle", "scaler-runner.cjs");

/** Writes the bundle if it differs: a runner may be reading it. Named as the test runner calls it. */
export async function setup() {
  const { outputFiles } = await build({
    absWorkingDir: folder,
    entryPoints: ["src/main.ts"],
    outfile: file,
    write: false,
    bundle: true,
    platform: "node",
    format: "cjs",
    target: "node22.13",
    conditions: ["@scaler-aws-hpc/source"],
    // Nothing in our packages has effects when it is imported and not used.
    plugins: [{ name: "pure", setup: pure }],
    legalComments: "none",
    logLevel: "warning",
  });
  const bytes = outputFiles[0].contents;
  const before = await readFile(file).catch(() => undefined);
  if (before?.equals(bytes)) return;
  await mkdir(dirname(file), { recursive: true });
  const temporary = `${file}.${process.pid}`;
  await writeFile(temporary, bytes);
  await rename(temporary, file);
}

function pure(build) {
  build.onResolve({ filter: /^[.@]/ }, async ({ path, importer, kind, resolveDir, pluginData }) => {
    if (pluginData?.resolving) return undefined;
    const found = await build.resolve(path, { importer, kind, resolveDir, pluginData: { resolving: true } });
    return { ...found, sideEffects: kind === "entry-point" };
  });
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await setup();
