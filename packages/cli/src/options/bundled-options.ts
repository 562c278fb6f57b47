import { bundledPlugins } from "../plugins/bundled-plugins.ts";
import type { Option } from "./option.ts";
import { startOptions } from "./start-options.ts";

/** Every option of `start` as the program comes: its own, and those of the plugins that come with it. */
export const BUNDLED_OPTIONS: readonly Option[] = startOptions(await bundledPlugins());
