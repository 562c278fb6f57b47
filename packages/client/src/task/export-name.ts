import { realpathSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { ClientError, isClientError } from "../client-error.ts";
import { within } from "../deadline.ts";
import { type Task, type TaskSource, taskSource, tasksOf } from "./task.ts";

/** Modules that were evaluated again when they were asked for: some tools (test runners) load modules in ways of their own. */
const copied = new Set<string>();

/** A module that has been evaluated is there at once; one that still is will not be while it waits for us. */
const EVALUATING_MS = 1_000;

/**
 * The name under which its module exports a task. The module is asked, and because it has been loaded already (it made the task), nothing is
 * evaluated again.
 * @throws {ClientError} `task` where it is not exported, or cannot be found yet
 */
export async function exportNameOf(task: Task<never[], unknown>, source: TaskSource): Promise<string> {
  if (source.export !== undefined) return source.export;
  const before = tasksOf(source.url);
  const namespace = await load(source);
  if (tasksOf(source.url) > before) copied.add(source.url);
  const inside: unknown = Reflect.get(namespace, "default");
  const places = typeof inside === "object" && inside !== null ? [namespace, inside] : [namespace];
  const found = named(places, (value) => value === task) ?? alike(places, source);
  if (found !== undefined) return found;
  const exported = Object.keys(namespace).join(", ") || "nothing";
  throw new ClientError(
    "task",
    `a task of ${shown(source)} is not exported by it (it exports ${exported}): write "export const name = defineTask(import.meta.url, ...)" at the top level; a task made inside a function cannot be found again by the runner`,
  );
}

async function load(source: TaskSource): Promise<object> {
  const late = (): never => {
    throw unfinished(source);
  };
  try {
    return await within(import(source.url) as Promise<object>, EVALUATING_MS, late);
  } catch (reason) {
    if (isClientError(reason)) throw reason;
    const what = `${shown(source)} cannot be loaded to find a task among its exports`;
    throw new ClientError("task", what, { cause: reason });
  }
}

/** A module waits for what it submits at its top level: it would be evaluated, and would submit again, in the runner. */
function unfinished(source: TaskSource): ClientError {
  const main = isMain(source) ? "it is the program itself" : "it is still being evaluated";
  return new ClientError(
    "task",
    `a task of ${shown(source)} was submitted while ${main}: the runner evaluates that module again, so put tasks into a module of their own that submits nothing`,
  );
}

function isMain(source: TaskSource): boolean {
  const program = process.argv[1];
  if (program === undefined) return false;
  try {
    return realpathSync(program) === realpathSync(fileURLToPath(source.url));
  } catch {
    return false;
  }
}

function named(places: readonly object[], matches: (value: unknown) => boolean): string | undefined {
  for (const place of places) {
    for (const [name, value] of Object.entries(place)) {
      if (matches(value)) return name;
    }
  }
  return undefined;
}

/** The one export that is a task of the same text, where the module that we were given is another copy. */
function alike(places: readonly object[], source: TaskSource): string | undefined {
  if (!copied.has(source.url)) return undefined;
  const same = (value: unknown): boolean => {
    const other = taskSource(value);
    return other?.url === source.url && other.text === source.text;
  };
  const names = new Set(
    places.flatMap((place) => Object.entries(place).flatMap(([name, value]) => (same(value) ? [name] : []))),
  );
  return names.size === 1 ? [...names][0] : undefined;
}

const shown = (source: TaskSource): string => fileURLToPath(source.url);
