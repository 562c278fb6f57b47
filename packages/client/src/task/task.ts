import { fileURLToPath } from "node:url";
import { ClientError } from "../client-error.ts";

/**
 * A function that can be sent: it is called like any other here, and `client.submit` runs it in the cluster.
 * @typeParam Args its parameters
 * @typeParam Result what it returns, or resolves to
 */
export type Task<Args extends readonly unknown[] = readonly unknown[], Result = unknown> = (...args: Args) => Result;

/** How a task's module is bundled. */
export interface TaskDefinition {
  /** Export of the module that holds the task. @default found by looking for the task among the exports of its module */
  readonly export?: string;
  /** What people read on monitors and in logs. @default the export's name */
  readonly name?: string;
  /** Packages that are not bundled because the runner's image has them, such as those with native add-ons. @default none */
  readonly external?: readonly string[];
  /** Further export conditions of packages, as `node --conditions`. @default none */
  readonly conditions?: readonly string[];
}

/** Where a task comes from. */
export interface TaskSource extends TaskDefinition {
  /** Of the module, `file:`. */
  readonly url: string;
  /** Text of the function, where there is one. */
  readonly text?: string;
}

// A key of the process, not of this copy of the package: a task made by one copy can be submitted by another.
const KEY = Symbol.for("@scaler-aws-hpc/client/Task");

/**
 * Makes a task of a function. The module is bundled with all that it imports when the task is first submitted, and **evaluated again in the
 * runner**, where the task is looked up among its exports. So
 *
 * - the task is exported: `export const wordCount = defineTask(import.meta.url, (text: string) => ...)`;
 * - its module has no effects of its own: no client, no server, no reading of the command line. The program that submits is another module;
 * - the function uses its parameters and what its module declares and imports, never variables of a function around `defineTask`.
 *
 * @param where `import.meta.url`
 * @throws {ClientError} `config` for an address that is no file; submitting fails with `task` where a rule is broken
 */
export function defineTask<Args extends readonly unknown[], Result>(
  where: string | URL,
  fn: (...args: Args) => Result,
  definition?: TaskDefinition,
): Task<Args, Result>;
/**
 * Names a function that a module exports, without loading the module here:
 * `defineTask<typeof import("./words.ts").wordCount>(new URL("./words.ts", import.meta.url), "wordCount")`.
 * Such a task can be submitted, not called.
 */
export function defineTask<Fn extends (...args: never[]) => unknown>(
  where: string | URL,
  exportName: string,
  definition?: Omit<TaskDefinition, "export">,
): Task<Parameters<Fn>, ReturnType<Fn>>;
export function defineTask(
  where: string | URL,
  fn: string | ((...args: never[]) => unknown),
  definition: TaskDefinition = {},
): Task<never[], unknown> {
  const url = fileUrl(where);
  if (typeof fn === "string") {
    const refuse = (): never => {
      throw new ClientError(
        "task",
        `${fn} of ${url} is a task by its name: it can be submitted, and called in the runner only`,
      );
    };
    return mark(refuse, { ...definition, url, export: fn });
  }
  if (typeof fn !== "function") {
    throw new ClientError("config", `defineTask: expected a function or the name of an export, got ${typeof fn}`);
  }
  made.set(url, tasksOf(url) + 1);
  return mark((...args: never[]) => fn(...args), { ...definition, url, text: String(fn) });
}

function mark(task: (...args: never[]) => unknown, source: TaskSource): Task<never[], unknown> {
  return Object.defineProperty(task, KEY, { value: Object.freeze(source) });
}

const made = new Map<string, number>();

/** How many tasks a module has made so far. */
export const tasksOf = (url: string): number => made.get(url) ?? 0;

/** Where a task comes from, or `undefined` for what is no task. */
export function taskSource(task: unknown): TaskSource | undefined {
  return typeof task === "function" && Object.hasOwn(task, KEY) ? Reflect.get(task, KEY) : undefined;
}

function fileUrl(where: string | URL): string {
  const text = String(where);
  try {
    fileURLToPath(text);
    return text;
  } catch (reason) {
    const expected = "expected import.meta.url, or another file: URL of the module that exports the task";
    throw new ClientError("config", `defineTask: ${expected}, got ${JSON.stringify(text)}`, { cause: reason });
  }
}
