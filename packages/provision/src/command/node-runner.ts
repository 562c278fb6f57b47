import { join } from "node:path";
import type { Interfaces } from "@oclif/core";

/** The package of the Node runner's plugin. */
const PACKAGE = "@scaler-aws-hpc/runner-node";

/**
 * The Node runner's program, in the plugin that oclif found: the one of this program, or another version that was installed over it. `undefined` where there is
 * none. Nothing is loaded for it.
 */
export function nodeRunnerFile({ plugins }: Pick<Interfaces.Config, "plugins">): string | undefined {
  const plugin = plugins.get(PACKAGE);
  return plugin && join(plugin.root, "bundle", "scaler-runner.cjs");
}
