import v8 from "node:v8";

/** Deeper than any path that a person would read. */
const MAX_DEPTH = 64;
const MAX_VISITS = 100_000;
const IDENTIFIER = /^[\p{ID_Start}$_][\p{ID_Continue}$]*$/u;

interface Search {
  readonly seen: Set<object>;
  visits: number;
}

/**
 * Says which part of a value structured clone refuses: `arguments[1].callback is a function`. Only called once it did refuse.
 * @param reason what V8 said; told where the part is not found
 */
export function findUncloneable(value: unknown, what: string, reason: unknown): string {
  const said = `${what} cannot be cloned: ${reason instanceof Error ? reason.message : String(reason)}`;
  try {
    return search(value, what, 0, { seen: new Set(), visits: 0 }) ?? said;
  } catch {
    return said; // a Proxy may throw at whatever is asked of it
  }
}

function search(value: unknown, path: string, depth: number, state: Search): string | undefined {
  if (typeof value === "function") return `${path} is a function${value.name === "" ? "" : ` (${value.name})`}`;
  if (typeof value === "symbol") return `${path} is a symbol (${String(value)})`;
  if (typeof value !== "object" || value === null || state.seen.has(value)) return undefined;
  state.visits += 1;
  if (depth > MAX_DEPTH || state.visits > MAX_VISITS) return undefined;
  state.seen.add(value);
  for (const [step, read] of parts(value)) {
    let part: unknown;
    try {
      part = read();
    } catch (reason) {
      return `${path}${step} cannot be read: ${reason instanceof Error ? reason.message : String(reason)}`;
    }
    const found = search(part, `${path}${step}`, depth + 1, state);
    if (found !== undefined) return found;
  }
  return isPlain(value) || cloneable(value) ? undefined : `${path} is a ${className(value)}, which cannot be cloned`;
}

/** Steps into a value, as structured clone takes them. */
function* parts(value: object): Iterable<readonly [step: string, read: () => unknown]> {
  if (ArrayBuffer.isView(value)) return;
  if (value instanceof Map) {
    let index = 0;
    for (const [key, held] of value) {
      yield [`.keys()[${index}]`, () => key];
      const shown = typeof key === "string" || typeof key === "number" ? JSON.stringify(key) : `key ${index}`;
      yield [`.get(${shown})`, () => held];
      index += 1;
    }
  } else if (value instanceof Set) {
    let index = 0;
    for (const held of value) {
      yield [`.values()[${index}]`, () => held];
      index += 1;
    }
  }
  for (const key of Object.keys(value)) {
    const step = Array.isArray(value) ? `[${key}]` : IDENTIFIER.test(key) ? `.${key}` : `[${JSON.stringify(key)}]`;
    yield [step, () => Reflect.get(value, key)];
  }
}

function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  return Array.isArray(value) || prototype === Object.prototype || prototype === null;
}

function cloneable(value: object): boolean {
  try {
    v8.serialize(value);
    return true;
  } catch {
    return false;
  }
}

function className(value: object): string {
  const tag = Object.prototype.toString.call(value).slice(8, -1);
  const named: unknown = Reflect.get(value, "constructor");
  return typeof named === "function" && named.name !== "" && named.name !== "Object" ? named.name : tag;
}
