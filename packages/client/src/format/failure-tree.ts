import v8 from "node:v8";

/** One error of a failure. Own fields and thrown values lie in the list of values, by index. */
export interface FailureNode {
  readonly name: string;
  readonly message: string;
  readonly stack?: string;
  /** Where the error's `code` is no own enumerable field. */
  readonly code?: string | number;
  /** Index of a record of own fields. */
  readonly fields?: number;
  readonly cause?: FailureNode | ThrownValue;
  /** Of an AggregateError. */
  readonly errors?: readonly (FailureNode | ThrownValue)[];
}

/** Something that was thrown, or was a cause, and is no error. */
export interface ThrownValue {
  /** Index of the value. */
  readonly value: number;
}

/** Longest chain of causes. */
export const MAX_CAUSES = 16;
/** Most errors of one failure. */
export const MAX_NODES = 128;
/** Longest name, in characters. */
const MAX_NAME = 256;
/** Longest message and stack, in characters. */
export const MAX_TEXT = 64 * 1024;
/** Most bytes of fields and thrown values together; what goes beyond is left out. */
const MAX_VALUES_BYTES = 4 * 1024 * 1024;

const TOLD_APART = new Set(["name", "message", "stack", "cause", "errors"]);

/** Turns what was thrown into a tree that JSON holds, and values that structured clone holds. Never throws. */
export class FailureTree {
  readonly values: unknown[] = [];
  #nodes = 0;
  #bytes = 0;

  /** The tree of one thrown value. */
  add(thrown: unknown, depth = 0): FailureNode | ThrownValue {
    this.#nodes += 1;
    if (!(thrown instanceof Error) && !isErrorLike(thrown)) return this.#value(thrown);
    const stack = read(thrown, "stack");
    const code = read(thrown, "code");
    const fields = this.#fields(thrown);
    const node: FailureNode = {
      name: cut(string(read(thrown, "name"), "Error"), MAX_NAME),
      message: cut(string(read(thrown, "message"), ""), MAX_TEXT),
      ...(typeof stack === "string" ? { stack: cut(stack, MAX_TEXT) } : {}),
      ...(typeof code === "string" || typeof code === "number" ? { code } : {}),
      ...(fields === undefined ? {} : { fields }),
    };
    if (depth >= MAX_CAUSES) return node;
    const cause = has(thrown, "cause") ? read(thrown, "cause") : undefined;
    const errors = read(thrown, "errors");
    return {
      ...node,
      ...(cause === undefined || this.#full() ? {} : { cause: this.add(cause, depth + 1) }),
      ...(Array.isArray(errors) && thrown instanceof AggregateError ? { errors: this.#errors(errors, depth) } : {}),
    };
  }

  #errors(errors: readonly unknown[], depth: number): (FailureNode | ThrownValue)[] {
    const nodes: (FailureNode | ThrownValue)[] = [];
    for (const error of errors) {
      if (this.#full()) break;
      nodes.push(this.add(error, depth + 1));
    }
    return nodes;
  }

  #full(): boolean {
    return this.#nodes >= MAX_NODES;
  }

  #value(thrown: unknown): FailureNode | ThrownValue {
    if (this.#fits(thrown)) return { value: this.values.push(thrown) - 1 };
    return { name: "Error", message: cut(`thrown and not cloneable: ${shown(thrown)}`, MAX_TEXT) };
  }

  /** Own enumerable fields, but those that do not clone. */
  #fields(error: object): number | undefined {
    const kept: Record<string, unknown> = Object.create(null);
    let any = false;
    for (const key of keys(error)) {
      const held = read(error, key);
      if (TOLD_APART.has(key) || !this.#fits(held)) continue;
      kept[key] = held;
      any = true;
    }
    return any ? this.values.push(kept) - 1 : undefined;
  }

  #fits(value: unknown): boolean {
    try {
      const bytes = v8.serialize(value).length;
      if (this.#bytes + bytes > MAX_VALUES_BYTES) return false;
      this.#bytes += bytes;
      return true;
    } catch {
      return false;
    }
  }
}

/** Errors of another realm (a vm context) are no instances of ours. */
function isErrorLike(value: unknown): value is Error {
  return Object.prototype.toString.call(value) === "[object Error]";
}

function read(from: object, key: string): unknown {
  try {
    return Reflect.get(from, key);
  } catch {
    return undefined;
  }
}

function has(from: object, key: string): boolean {
  try {
    return key in from;
  } catch {
    return false;
  }
}

function keys(from: object): readonly string[] {
  try {
    return Object.keys(from);
  } catch {
    return [];
  }
}

function shown(value: unknown): string {
  try {
    return typeof value === "function" ? `function ${value.name}` : String(value);
  } catch {
    return typeof value;
  }
}

const string = (value: unknown, otherwise: string): string => (typeof value === "string" ? value : otherwise);
const cut = (text: string, most: number): string => (text.length > most ? `${text.slice(0, most - 3)}...` : text);
