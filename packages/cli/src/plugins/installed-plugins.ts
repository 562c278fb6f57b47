import { readFile } from "node:fs/promises";
import { join } from "node:path";
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
  const missing = await absentPlugins(host);
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

/** What was installed or linked by name and is no longer there: oclif goes on without it. */
async function absentPlugins(host: PluginHost): Promise<BrokenPlugin[]> {
  let manifest: unknown;
  try {
    manifest = JSON.parse(await readFile(join(host.dataDir, "package.json"), "utf8"));
  } catch {
    return [];
  }
  const loaded = new Set(host.getPluginsList().map(({ name }) => name));
  const entries = (manifest as { oclif?: { plugins?: readonly unknown[] } } | null)?.oclif?.plugins ?? [];
  return entries.flatMap((entry) => {
    const { name, type, root } = (
      typeof entry === "object" && entry !== null ? entry : { name: entry }
    ) as InstalledEntry;
    if (typeof name !== "string" || loaded.has(name)) return [];
    const where = type === "link" ? `its folder ${String(root)}` : "its package";
    const reason = `${where} cannot be read; install it again, or \`plugins uninstall ${name}\``;
    return [{ package: name, version: "?", origin: type === "link" ? "link" : "user", reason }] as const;
  });
}

interface InstalledEntry {
  readonly name?: unknown;
  readonly type?: unknown;
  readonly root?: unknown;
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
