import { repairCoreLink } from "./core-link.ts";
import {
  type BrokenPlugin,
  type LoadedPlugins,
  loadPlugins,
  type OclifPlugin,
  type PluginPackage,
  pluginFolder,
  pluginPackages,
} from "./load-plugins.ts";

/** What of oclif's configuration is needed to find plugins. */
export interface PluginHost {
  readonly dataDir: string;
  getPluginsList(): readonly OclifPlugin[];
}

/** Loads everything that is installed or linked, and the folders that `--plugin` names. */
export async function installedPlugins(host: PluginHost, folders: readonly string[] = []): Promise<LoadedPlugins> {
  const found = pluginPackages(host.getPluginsList());
  if (found.some(({ origin }) => origin === "user")) await repairCoreLink(host.dataDir);
  const missing: BrokenPlugin[] = [];
  const named: PluginPackage[] = [];
  for (const folder of folders) {
    try {
      named.push(await pluginFolder(folder));
    } catch (reason) {
      const text = `expected a folder with a package.json, got ${(reason as Error).message}`;
      missing.push({ package: folder, version: "?", origin: "flag", reason: text });
    }
  }
  const { registry, broken } = await loadPlugins([...found, ...named]);
  return { registry, broken: [...broken, ...missing] };
}

/** The folders that a command line or its environment names: needed before the flags can be parsed, for plugins bring flags of their own. */
export function namedPluginFolders(
  argv: readonly string[],
  environment: Readonly<Record<string, string | undefined>>,
): readonly string[] {
  const folders: string[] = [];
  for (const [index, argument] of argv.entries()) {
    if (argument === "--") break;
    if (argument === "--plugin") folders.push(argv[index + 1] ?? "");
    if (argument.startsWith("--plugin=")) folders.push(argument.slice("--plugin=".length));
  }
  if (folders.length === 0) folders.push(...(environment["SCALER_AWS_HPC_PLUGIN"] ?? "").split(","));
  return folders.filter((folder) => folder !== "");
}
