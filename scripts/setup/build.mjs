import { join } from "node:path";
import { run } from "./child.mjs";
import { root } from "./root.mjs";
import { SetupError, say } from "./say.mjs";

/**
 * Compiles every package; incremental, so a second run takes about a second.
 * @param {string} node
 * @throws {SetupError} when the compiler reports anything.
 */
export async function ensureBuild(node) {
  say("compiling (tsc -b)");
  const { code, output } = await run(node, [join(root, "node_modules", "typescript", "bin", "tsc"), "-b"], {
    capture: true,
  });
  if (code !== 0) throw new SetupError(`tsc -b failed:\n${output.trim().split("\n").slice(-40).join("\n")}`);
}
