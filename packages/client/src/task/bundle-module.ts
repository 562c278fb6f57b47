import { dirname } from "node:path";
import { fileURLToPath } from "node:url";
import { type BuildFailure, build, type Message, type Plugin } from "esbuild";
import { ClientError } from "../client-error.ts";
import { STUB } from "./stub.ts";
import type { TaskSource } from "./task.ts";

/** Oldest Node that runners have. */
const TARGET = "node22.13";
/** At most so many things that stand in the way are told. */
const MAX_TOLD = 10;

// What CommonJS modules in the bundle call for Node's own modules; an ES module has no require by itself. On globalThis, because a name of
// the module's own would clash with the same name in its author's code.
const REQUIRE =
  'import { createRequire as _scalerCreateRequire } from "node:module"; globalThis.require ??= _scalerCreateRequire(process.execPath);';
const NEEDS_REQUIRE = /\b__require\b/;

/**
 * Makes one ES module of a task's module and all that it imports. Node's own modules stay imports, as do those left out by `external`.
 * Equal sources give equal bytes, with no path of this machine in them but those relative to the module.
 *
 * @throws {ClientError} `bundle`, naming each import that cannot be followed: native add-ons, computed imports, missing packages
 */
export async function bundleModule(source: TaskSource): Promise<Uint8Array> {
  const path = fileURLToPath(source.url);
  try {
    const result = await build({
      entryPoints: [path],
      absWorkingDir: dirname(path),
      bundle: true,
      write: false,
      outfile: "task.mjs",
      format: "esm",
      platform: "node",
      target: TARGET,
      mainFields: ["module", "main"],
      conditions: ["module", ...(source.conditions ?? [])],
      external: [...(source.external ?? [])],
      charset: "utf8",
      legalComments: "none",
      sourcemap: "inline",
      sourcesContent: false,
      logLevel: "silent",
      logOverride: { "unsupported-dynamic-import": "error", "unsupported-require-call": "error" },
      plugins: [addons(source.external ?? []), ourselves],
    });
    const text = result.outputFiles[0]?.text ?? "";
    return Buffer.from(NEEDS_REQUIRE.test(text) ? `${REQUIRE} ${text}` : text, "utf8");
  } catch (reason) {
    throw new ClientError("bundle", `the module of a task, ${path}, cannot be made one file: ${told(reason)}`, {
      cause: reason,
    });
  }
}

function told(reason: unknown): string {
  if (!isBuildFailure(reason)) return reason instanceof Error ? reason.message : String(reason);
  const lines = reason.errors.slice(0, MAX_TOLD).map(({ text, location }: Message) => {
    const at = location === null ? "" : `${location.file}:${location.line}: `;
    return `${at}${text}`;
  });
  const more = reason.errors.length > MAX_TOLD ? `; and ${reason.errors.length - MAX_TOLD} more` : "";
  return `${lines.join("; ")}${more}. What the runner's image has installed can be left out with external`;
}

const isBuildFailure = (reason: unknown): reason is BuildFailure =>
  reason instanceof Error && Array.isArray(Reflect.get(reason, "errors"));

/** Refuses native add-ons by name, before esbuild says that it cannot load them. */
const addons = (external: readonly string[]): Plugin => ({
  name: "native add-ons",
  setup(builder) {
    builder.onResolve({ filter: /\.node$/ }, ({ path, importer }) =>
      external.includes(path)
        ? { path, external: true }
        : { errors: [{ text: `native add-on ${path}, imported by ${importer}, cannot be part of a bundle` }] },
    );
  },
});

/** Puts the stub in the place of this package: a bundle needs `defineTask`, and nothing else of it. */
const ourselves: Plugin = {
  name: "client stub",
  setup(builder) {
    const own = fileURLToPath(
      new URL(import.meta.url.endsWith(".ts") ? "../index.ts" : "../index.js", import.meta.url),
    );
    const stub = { contents: STUB, loader: "js" } as const;
    builder.onResolve({ filter: /^@scaler-aws-hpc\/client$/ }, () => ({ path: "client", namespace: "scaler-stub" }));
    builder.onLoad({ filter: /.*/, namespace: "scaler-stub" }, () => stub);
    builder.onLoad({ filter: /[\\/]index\.[jt]s$/ }, ({ path }) => (path === own ? stub : undefined));
  },
};
