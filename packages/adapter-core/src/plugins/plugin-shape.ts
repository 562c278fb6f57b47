import { AdapterError } from "../contracts/adapter-error.ts";
import type { Check } from "../contracts/check.ts";
import type { Plugin } from "../contracts/plugin.ts";

/** The version of {@link Plugin} that this package speaks. */
export const PLUGIN_API_VERSION = 1;

type Fields = Readonly<Record<string, unknown>>;

/**
 * Checks what a plugin's module exports, by shape alone: a plugin may bring its own copy of this package.
 *
 * @param exported the module's namespace; its `plugin` export is looked at.
 * @returns the plugin, now typed.
 * @throws {AdapterError} `incompatible` for another `apiVersion`, `config` for any other shape; the message names what was expected and what
 *   came, not the plugin: the caller knows its package.
 */
export function checkPlugin(exported: unknown): Plugin {
  const plugin = isFields(exported) ? exported["plugin"] : undefined;
  if (!isFields(plugin)) throw wrong("the module", "an export named `plugin` that is an object", plugin);
  const version = plugin["apiVersion"];
  if (version !== PLUGIN_API_VERSION) {
    throw new AdapterError(
      "incompatible",
      `it speaks plugin API ${show(version)}, this program speaks ${PLUGIN_API_VERSION}; upgrade the older of the two`,
    );
  }
  each(plugin, "backends", (backend, where) => {
    named(backend, where);
    if (!matches(backend["defaultStore"], NAME))
      throw wrong(`${where}.defaultStore`, NAME_TEXT, backend["defaultStore"]);
    if (backend["defaultSlots"] !== undefined) func(backend, "defaultSlots", where);
    if (backend["keep"] !== undefined) func(backend, "keep", where);
  });
  each(plugin, "payloadStores", named);
  if (plugin["checks"] !== undefined) func(plugin, "checks", "plugin");
  each(plugin, "runners", (runner, where) => {
    if (!matches(runner["name"], NAME)) throw wrong(`${where}.name`, NAME_TEXT, runner["name"]);
    if (runner["protocol"] !== 1) {
      const text = `${where} (${show(runner["name"])}) speaks runner protocol ${show(runner["protocol"])}, this program speaks 1`;
      throw new AdapterError("incompatible", text);
    }
    func(runner, "matches", where);
    for (const key of ["check", "command", "failure"]) if (runner[key] !== undefined) func(runner, key, where);
    optional(runner, "order", "number", where);
    if (runner["capability"] !== undefined && !matches(runner["capability"], CAPABILITY))
      throw wrong(`${where}.capability`, "letters, digits, _ and -, at most 64", runner["capability"]);
  });
  return plugin as unknown as Plugin;
}

/**
 * Checks what a plugin's `checks` gave, as {@link checkPlugin} does its module.
 * @throws {AdapterError} `config`
 */
export function checkChecks(given: unknown): readonly Check[] {
  each({ checks: given ?? null }, "checks", (check, where) => {
    if (!matches(check["id"], CHECK_ID)) throw wrong(`${where}.id`, "a kebab-case word, and :NAME", check["id"]);
    for (const key of ["group", "title"])
      if (typeof check[key] !== "string") throw wrong(`${where}.${key}`, "text", check[key]);
    optional(check, "limitMs", "number", where);
    const needs = check["needs"];
    if (needs !== undefined && !(Array.isArray(needs) && needs.every((id) => typeof id === "string")))
      throw wrong(`${where}.needs`, "a list of ids", needs);
    func(check, "run", where);
  });
  return given as readonly Check[];
}

const CHECK_ID = /^[a-z][a-z0-9-]*(?::\S+)?$/;
const CAPABILITY = /^[A-Za-z][A-Za-z0-9_-]{0,63}$/;
const NAME = /^[a-z][a-z0-9-]{0,31}$/;
const NAME_TEXT = "lower-case letters, digits and hyphens, at most 32";
const OPTION_NAME = /^[a-z][a-z0-9]*(-[a-z0-9]+)*$/;
const OPTION_TYPES: ReadonlySet<unknown> = new Set(["string", "integer", "boolean"]);

/** What backends and payload stores have in common: a name, a summary, options and `open`. */
function named(factory: Fields, where: string): void {
  if (!matches(factory["name"], NAME)) throw wrong(`${where}.name`, NAME_TEXT, factory["name"]);
  if (typeof factory["summary"] !== "string") throw wrong(`${where}.summary`, "text", factory["summary"]);
  func(factory, "open", where);
  if (factory["checks"] !== undefined) func(factory, "checks", where);
  each(factory, "options", optionSpec, where);
  each(factory, "profileSettings", optionSpec, where);
}

function optionSpec(option: Fields, here: string): void {
  if (!matches(option["name"], OPTION_NAME)) throw wrong(`${here}.name`, "a kebab-case word", option["name"]);
  const type = option["type"];
  if (!OPTION_TYPES.has(type)) throw wrong(`${here}.type`, "string, integer or boolean", type);
  if (typeof option["summary"] !== "string") throw wrong(`${here}.summary`, "text", option["summary"]);
  if (option["char"] !== undefined && !matches(option["char"], /^[A-Za-z]$/))
    throw wrong(`${here}.char`, "one letter", option["char"]);
  optional(option, "default", type === "integer" ? "number" : (type as string), here);
  optional(option, "group", "string", here);
  optional(option, "required", "boolean", here);
  optional(option, "identifies", "boolean", here);
  const env = option["env"];
  if (env !== undefined && !(Array.isArray(env) && env.every((name) => matches(name, /^[A-Z][A-Z0-9_]*$/))))
    throw wrong(`${here}.env`, "a list of names of environment variables", env);
}

function each(owner: Fields, key: string, check: (entry: Fields, where: string) => void, parent?: string): void {
  const list = owner[key];
  const path = parent === undefined ? key : `${parent}.${key}`;
  if (list === undefined) return;
  if (!Array.isArray(list)) throw wrong(path, "a list", list);
  for (const [index, entry] of list.entries()) {
    const where = `${path}[${index}]`;
    if (!isFields(entry)) throw wrong(where, "an object", entry);
    check(entry, where);
  }
}

function func(owner: Fields, key: string, where: string): void {
  if (typeof owner[key] !== "function") throw wrong(`${where}.${key}`, "a function", owner[key]);
}

function optional(owner: Fields, key: string, type: string, where: string): void {
  const value = owner[key];
  if (value !== undefined && typeof value !== type) throw wrong(`${where}.${key}`, `a ${type}`, value);
}

const matches = (value: unknown, pattern: RegExp): boolean => typeof value === "string" && pattern.test(value);

const isFields = (value: unknown): value is Fields =>
  typeof value === "object" && value !== null && !Array.isArray(value);

const wrong = (where: string, expected: string, got: unknown): AdapterError =>
  new AdapterError("config", `${where}: expected ${expected}, got ${show(got)}`);

/** A short, safe picture of what came: the value where it is a small scalar, else its kind. */
function show(value: unknown): string {
  if (typeof value === "string") return JSON.stringify(value.slice(0, 60));
  if (typeof value === "number" || typeof value === "boolean" || value === undefined || value === null)
    return String(value);
  return Array.isArray(value) ? "a list" : `a ${typeof value}`;
}
