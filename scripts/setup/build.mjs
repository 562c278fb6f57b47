import { join } from "node:path";
import { run } from "./child.mjs";
import { root } from "./root.mjs";
import { SetupError, say } from "./say.mjs";
import { removeStale } from "./stale.mjs";

/**
 * Compiles every package, without leftovers, and bundles the Node runner; incremental, so a second run takes about a second.
 * @param {string} node
 * @throws {SetupError} when the compiler reports anything.
 */
export async function ensureBuild(node) {
  say("compiling (tsc -b)");
  removeStale();
  const { code, output } = await run(node, [join(root, "node_modules", "typescript", "bin", "tsc"), "-b"], {
    capture: true,
  });
  if (code !== 0) throw new SetupError(`tsc -b failed:\n${output.trim().split("\n").slice(-40).join("\n")}`);
  const bundled = await run(node, [join(root, "packages", "runner-node", "scripts", "bundle.mjs")], { capture: true });
  if (bundled.code !== 0) throw new SetupError(`bundling the Node runner failed:\n${bundled.output.trim()}`);
}
