import { ClientError } from "../client-error.ts";

/**
 * The function that an evaluated module exports under a task's name: the export itself, or (of a CommonJS module, whose exports
 * all lie in the default one) a property of the default export.
 * @throws {ClientError} `task` where there is none; it names what the module does export
 */
export function taskFunction(namespace: object, exportName: string): (...args: unknown[]) => unknown {
  const whole: unknown = Reflect.get(namespace, "default");
  const inside: unknown = isObject(whole) ? Reflect.get(whole, exportName) : undefined;
  const direct: unknown = Reflect.get(namespace, exportName);
  const found = typeof direct === "function" ? direct : inside;
  if (isFunction(found)) return found;
  const names = Object.keys(namespace).join(", ") || "nothing";
  throw new ClientError(
    "task",
    `the module does not export a function ${exportName} (it exports ${names}): a task must be an export of its module that is set when the module has been evaluated`,
  );
}

const isObject = (value: unknown): value is object =>
  (typeof value === "object" && value !== null) || typeof value === "function";
const isFunction = (value: unknown): value is (...args: unknown[]) => unknown => typeof value === "function";
