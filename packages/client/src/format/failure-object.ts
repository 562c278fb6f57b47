import { ClientError } from "../client-error.ts";
import { reviveFailure } from "./failure-revival.ts";
import { FailureTree, MAX_TEXT } from "./failure-tree.ts";
import { corrupt, FAILURE_MAGIC, MAGIC_BYTES, startsWith, viewOf } from "./magic.ts";
import { readPythonFailure } from "./python-failure.ts";
import { decodeValue, encodeValue } from "./value-object.ts";

const WHAT = "failure object";

/** Largest tree of errors, as JSON, in bytes. */
export const MAX_FAILURE_JSON_BYTES = 64 * 1024 * 1024;

/** Why a manager failed a task that could not fail by itself. The same words as the codes of {@link ClientError}. */
export type ManagerFailureKind = "worker-died" | "timeout" | "memory" | "runtime";

const KINDS: ReadonlySet<unknown> = new Set<ManagerFailureKind>(["worker-died", "timeout", "memory", "runtime"]);

/** A failure, as it is read. */
export interface DecodedFailure {
  /** `task`: what the task threw. `manager`: why it was not run to its end. `python`: somebody answered who does not know Node. */
  readonly by: "task" | "manager" | "python";
  /** What to throw: the task's own error or value, a {@link ClientError} for the other two. */
  readonly reason: unknown;
}

/**
 * Encodes what a task threw: name, message, stack, code, causes, errors of an AggregateError, and own enumerable fields as far as they
 * clone; bounded in depth, number and length. Never throws. Layout: magic, u32 length, JSON, then (if there are fields or thrown values)
 * a value object with their list.
 */
export function encodeFailure(thrown: unknown): Uint8Array {
  const tree = new FailureTree();
  const error = tree.add(thrown);
  const values = tree.values.length === 0 ? new Uint8Array() : encodeValue(tree.values, "fields");
  return join({ error }, values);
}

/**
 * The failure object of a task that did not fail by itself: `decodeFailure` gives a {@link ClientError} with `kind` as its code.
 * @param message longer ones than 65,536 characters are cut
 */
export function managerFailure(kind: ManagerFailureKind, message: string): Uint8Array {
  return join({ manager: kind, message: message.slice(0, MAX_TEXT) }, new Uint8Array());
}

function join(head: object, values: Uint8Array): Uint8Array {
  const json = Buffer.from(JSON.stringify(head), "utf8");
  const length = Buffer.alloc(4);
  length.writeUInt32LE(json.length);
  return Buffer.concat([FAILURE_MAGIC, length, json, values]);
}

/**
 * Reads a failure, also one that is a Python pickle: of that, class and message are read off, and nothing is unpickled.
 * @throws {ClientError} `corrupt`; `incompatible` for a later version
 */
export function decodeFailure(bytes: Uint8Array): DecodedFailure {
  const view = viewOf(bytes);
  if (!startsWith(view, FAILURE_MAGIC, WHAT)) {
    const python = readPythonFailure(bytes);
    if (python === undefined) throw corrupt(WHAT, "does not start with its magic, and is no Python exception either");
    return { by: "python", reason: python };
  }
  const start = MAGIC_BYTES + 4;
  if (view.length < start) throw corrupt(WHAT, "shorter than its head");
  const length = view.readUInt32LE(MAGIC_BYTES);
  if (length > MAX_FAILURE_JSON_BYTES || length > view.length - start) {
    throw corrupt(WHAT, `a tree of ${length} bytes does not fit`);
  }
  const head = parse(view.toString("utf8", start, start + length));
  if (head.manager !== undefined) return { by: "manager", reason: ofManager(head) };
  const tail = bytes.subarray(start + length);
  const values = tail.length === 0 ? [] : decodeValue(tail);
  if (!Array.isArray(values)) throw corrupt(WHAT, "its values are no list");
  return { by: "task", reason: reviveFailure(head.error, values) };
}

interface Head {
  readonly error?: unknown;
  readonly manager?: unknown;
  readonly message?: unknown;
}

function parse(json: string): Head {
  try {
    const value: unknown = JSON.parse(json);
    if (typeof value === "object" && value !== null) return value;
  } catch (reason) {
    throw corrupt(WHAT, "the tree is not JSON", reason);
  }
  throw corrupt(WHAT, "the tree is not an object");
}

function ofManager({ manager, message }: Head): ClientError {
  if (typeof message !== "string") throw corrupt(WHAT, "the message is not text");
  // A kind that a later manager adds is still a failure with a text.
  const code = isKind(manager) ? manager : "runtime";
  return new ClientError(code, message);
}

const isKind = (value: unknown): value is ManagerFailureKind => KINDS.has(value);
