import type { Hook } from "@oclif/core";
import { requireCore } from "../plugins/core-link.ts";

/** Runs before `plugins install`. */
export const hook: Hook<"plugins:preinstall"> = async function () {
  await requireCore(this.config.dataDir);
};
