import { run } from "../setup/child.mjs";

/** All that a package may hold. Sources are there for source maps and for reading; tests and what supports them are not. */
const ALLOWED = [
  /^(package\.json|README\.md|LICENSE)$/,
  /^(src\/.+\.ts|dist\/.+\.(js|d\.ts)(\.map)?)$/,
  /^(bin\/run\.js|oclif\.manifest\.json|python\/scaler_runner\.py|bundle\/scaler-runner\.cjs|images\/([a-z-]+\/Dockerfile|README\.md))$/,
];
const REFUSED = /(\.test\.|tsbuildinfo|__pycache__|(^|\/)(test|tests|test-support|fixtures)\/)/;

/**
 * Looks at what a tarball holds: nothing but what may be there, nothing compiled from a source that is gone, everything that the
 * package's own manifest points at.
 * @param {string} tarball
 * @param {any} manifest its package.json
 * @returns {Promise<string | undefined>} what is wrong
 */
export async function packedFiles(tarball, manifest) {
  const { code, output } = await run("tar", ["-tzf", tarball], { capture: true });
  if (code !== 0) return output;
  const files = output
    .trim()
    .split("\n")
    .map((path) => path.replace(/^package\//, ""));
  const has = new Set(files);
  const wrong = files.filter((file) => !ALLOWED.some((rule) => rule.test(file)) || REFUSED.test(file));
  const stale = files.filter((file) => {
    const compiled = /^dist\/(.+?)\.(js|d\.ts)(\.map)?$/.exec(file);
    return compiled !== null && !has.has(`src/${compiled[1]}.ts`);
  });
  const uncompiled = files.filter((file) => {
    const source = /^src\/(.+)\.ts$/.exec(file);
    return source !== null && !has.has(`dist/${source[1]}.js`);
  });
  const missing = wanted(manifest).filter((file) => !has.has(file));
  missing.push(
    ...promised(manifest).filter((entry) => !files.some((file) => file === entry || file.startsWith(`${entry}/`))),
  );
  const report = Object.entries({
    "must not be there": wrong,
    "has no source": stale,
    "was not compiled": uncompiled,
    missing,
  })
    .filter(([, list]) => list.length > 0)
    .map(([what, list]) => `${what}: ${list.join(", ")}`);
  return report.length === 0 ? undefined : report.join("\n");
}

/**
 * Every file that a manifest names, and what each package has.
 * @param {{ exports: unknown, bin?: unknown, scalerAwsHpc?: unknown, oclif?: { commands?: unknown, hooks?: unknown } }} manifest
 * @returns {string[]}
 */
function wanted({ exports, bin = {}, scalerAwsHpc, oclif }) {
  const named = [...leaves(exports), ...leaves(bin), ...leaves(scalerAwsHpc ?? {}), ...leaves(oclif?.hooks ?? {})];
  const always = ["README.md", "LICENSE", "package.json"];
  // Written at prepack: with it no command has to be imported to show help.
  if (oclif?.commands !== undefined) always.push("oclif.manifest.json");
  return [...always, ...named.map((path) => path.replace(/^\.\//, ""))];
}

/**
 * Files, and folders that something must be in.
 * @param {{ files?: string[] }} manifest
 */
function promised({ files = [] }) {
  return files.filter((entry) => !entry.startsWith("!"));
}

/**
 * @param {unknown} value
 * @returns {string[]}
 */
function leaves(value) {
  return typeof value === "string" ? [value] : Object.values(value ?? {}).flatMap(leaves);
}
