import { readFile } from "node:fs/promises";
import { join, resolve, sep } from "node:path";
import { pathToFileURL } from "node:url";
import { PluginRegistry, type PluginSource } from "@scaler-aws-hpc/adapter-core";

/** A package that says it is a plugin of ours. */
export interface PluginPackage extends PluginSource {
  /** Folder of its package.json. */
  readonly root: string;
  /** `scalerAwsHpc.plugin` of its package.json: a path within the folder. */
  readonly entry: unknown;
}

/** A plugin that could not be used, and why, in one line. */
export interface BrokenPlugin extends PluginSource {
  readonly reason: string;
}

/** What could be loaded, and what could not. */
export interface LoadedPlugins {
  readonly registry: PluginRegistry;
  readonly broken: readonly BrokenPlugin[];
}

/** What of an oclif plugin is looked at here. */
export interface OclifPlugin {
  readonly name: string;
  readonly version: string;
  readonly root: string;
  readonly type: string;
  readonly pjson: object;
}

/** The plugins of ours among what oclif found: those whose package.json has `scalerAwsHpc`. */
export function pluginPackages(found: Iterable<OclifPlugin>): readonly PluginPackage[] {
  const packages: PluginPackage[] = [];
  for (const { name, version, root, type, pjson } of found) {
    const origin = type === "user" || type === "link" ? type : "core";
    if ("scalerAwsHpc" in pjson) packages.push({ package: name, version, origin, root, entry: entryOf(pjson) });
  }
  // What comes with the program has its names first; then by name, so that two runs never differ.
  const rank = { core: 0, link: 1, user: 2, flag: 3 } as const;
  return packages.sort((a, b) => rank[a.origin] - rank[b.origin] || (a.package < b.package ? -1 : 1));
}

/** The plugin package in a folder that `--plugin` names. @throws {Error} when its package.json cannot be read. */
export async function pluginFolder(folder: string): Promise<PluginPackage> {
  const root = resolve(folder);
  const pjson: unknown = JSON.parse(await readFile(join(root, "package.json"), "utf8"));
  const fields = typeof pjson === "object" && pjson !== null ? pjson : {};
  const text = (key: string): string => {
    const value: unknown = Reflect.get(fields, key);
    return typeof value === "string" ? value : "?";
  };
  return { package: text("name"), version: text("version"), origin: "flag", root, entry: entryOf(fields) };
}

/** Imports each package's module and takes in what it contributes. Never throws: what fails is reported as broken, and the rest works. */
export async function loadPlugins(packages: readonly PluginPackage[]): Promise<LoadedPlugins> {
  const modules = await Promise.allSettled(packages.map(importEntry));
  const registry = new PluginRegistry();
  const broken: BrokenPlugin[] = [];
  for (const [index, { root: _root, entry: _entry, ...source }] of packages.entries()) {
    const module = modules[index];
    try {
      if (module?.status !== "fulfilled") throw module?.reason;
      registry.add(module.value, source);
    } catch (reason) {
      broken.push({ ...source, reason: oneLine(reason) });
    }
  }
  return { registry, broken };
}

/** The line that names a broken plugin. */
export const brokenLine = (plugin: BrokenPlugin): string =>
  `warning: plugin ${plugin.package} ${plugin.version} (${plugin.origin}) not loaded: ${plugin.reason}`;

// A module that awaits for ever at its top level must not hold every command.
const IMPORT_TIMEOUT_MS = 10_000;

async function importEntry({ root, entry }: PluginPackage): Promise<unknown> {
  if (typeof entry !== "string" || entry === "")
    throw new Error('its package.json has no "scalerAwsHpc": { "plugin": "./path/to/module.js" }');
  const path = resolve(root, entry);
  if (!path.startsWith(root + sep)) throw new Error(`its module ${JSON.stringify(entry)} lies outside of its folder`);
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    const text = `its module was not loaded within ${IMPORT_TIMEOUT_MS / 1000} s`;
    timer = setTimeout(() => reject(new Error(text)), IMPORT_TIMEOUT_MS);
  });
  try {
    return await Promise.race([import(pathToFileURL(path).href), late]);
  } finally {
    clearTimeout(timer);
  }
}

function entryOf(pjson: object): unknown {
  const ours: unknown = Reflect.get(pjson, "scalerAwsHpc");
  return typeof ours === "object" && ours !== null ? Reflect.get(ours, "plugin") : undefined;
}

function oneLine(reason: unknown): string {
  const text =
    reason instanceof Error ? `${reason.name === "Error" ? "" : `${reason.name}: `}${reason.message}` : String(reason);
  const [line = ""] = text.replace(/^AdapterError: /, "").split("\n");
  return line.slice(0, 500) || "no reason given";
}
