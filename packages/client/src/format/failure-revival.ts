import { MAX_CAUSES, MAX_NODES } from "./failure-tree.ts";
import { corrupt } from "./magic.ts";

const WHAT = "failure object";

const BUILT_IN: Readonly<Record<string, new (message: string) => Error>> = {
  EvalError,
  RangeError,
  ReferenceError,
  SyntaxError,
  TypeError,
  URIError,
};

/**
 * Makes errors of a tree: instances of the built-in class of their name where there is one, else of Error.
 * @throws {ClientError} `corrupt`
 */
export function reviveFailure(tree: unknown, values: readonly unknown[]): unknown {
  let nodes = 0;

  function revive(node: unknown, depth: number): unknown {
    nodes += 1;
    if (!isRecord(node)) throw corrupt(WHAT, "an error is no object");
    if (depth > MAX_CAUSES || nodes > MAX_NODES * 2) throw corrupt(WHAT, "more errors than are ever written");
    if (Object.hasOwn(node, "value")) return valueAt(node["value"]);
    const { name, message, stack, code, errors } = node;
    if (typeof name !== "string" || typeof message !== "string") throw corrupt(WHAT, "an error without its words");
    const error = create(
      name,
      message,
      errors === undefined ? undefined : list(errors).map((e) => revive(e, depth + 1)),
    );
    if (error.name !== name) define(error, "name", name);
    if (typeof stack === "string") define(error, "stack", stack);
    if (Object.hasOwn(node, "cause")) define(error, "cause", revive(node["cause"], depth + 1));
    if (code !== undefined) define(error, "code", code);
    if (node["fields"] !== undefined) {
      const fields = valueAt(node["fields"]);
      if (!isRecord(fields)) throw corrupt(WHAT, "fields are no object");
      for (const [key, value] of Object.entries(fields)) define(error, key, value, true);
    }
    return error;
  }

  function valueAt(index: unknown): unknown {
    if (typeof index === "number" && Number.isInteger(index) && index >= 0 && index < values.length)
      return values[index];
    throw corrupt(WHAT, "a value that is not there");
  }

  return revive(tree, 0);
}

function create(name: string, message: string, errors: readonly unknown[] | undefined): Error {
  if (errors !== undefined) return new AggregateError(errors, message);
  const builtIn = Object.hasOwn(BUILT_IN, name) ? BUILT_IN[name] : undefined;
  return builtIn === undefined ? new Error(message) : new builtIn(message);
}

function define(error: Error, key: string, value: unknown, enumerable = false): void {
  Object.defineProperty(error, key, { value, enumerable, writable: true, configurable: true });
}

function list(value: unknown): readonly unknown[] {
  if (Array.isArray(value)) return value;
  throw corrupt(WHAT, "errors are no list");
}

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null;
