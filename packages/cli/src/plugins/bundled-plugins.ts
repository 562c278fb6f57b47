import { readFile } from "node:fs/promises";
import { dirname } from "node:path";
import { fileURLToPath } from "node:url";
import { type LoadedPlugins, loadPlugins, type PluginPackage } from "./load-plugins.ts";

/**
 * Loads the plugins that come with the program, as its package.json lists them, without oclif: what help, completion and documentation say of flags has to be
 * known before anything is configured. One that cannot be loaded is told about later, by `installedPlugins`.
 */
export async function bundledPlugins(): Promise<LoadedPlugins> {
  const own = await readManifest(fileURLToPath(new URL("../../package.json", import.meta.url)));
  const packages = await Promise.all((own.oclif?.plugins ?? []).map(bundledPackage));
  return await loadPlugins(packages.filter((found) => found !== undefined));
}

async function bundledPackage(name: string): Promise<PluginPackage | undefined> {
  // Others come from elsewhere and contribute commands only.
  if (!name.startsWith("@scaler-aws-hpc/")) return undefined;
  const file = fileURLToPath(import.meta.resolve(`${name}/package.json`));
  const { version = "?", scalerAwsHpc } = await readManifest(file);
  // It brings commands only.
  if (scalerAwsHpc === undefined) return undefined;
  return { package: name, version, origin: "core", root: dirname(file), entry: scalerAwsHpc.plugin };
}

interface Manifest {
  readonly version?: string;
  readonly oclif?: { readonly plugins?: readonly string[] };
  readonly scalerAwsHpc?: { readonly plugin?: unknown };
}

const readManifest = async (file: string): Promise<Manifest> => JSON.parse(await readFile(file, "utf8")) as Manifest;
