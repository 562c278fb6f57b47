/** Exception that a client sees for a task that failed without one of its own. */
export type FailurePickleKind = "worker-died" | "timeout" | "memory" | "runtime";

/** Longest message, in characters: it is for a person to read. */
const MAX_MESSAGE = 16_384;

const CLASSES: Readonly<Record<FailurePickleKind, string>> = {
  // In every release of opengris-scaler: scaler/utility/exceptions.py.
  "worker-died": "scaler.utility.exceptions\nWorkerDiedError",
  timeout: "builtins\nTimeoutError",
  memory: "builtins\nMemoryError",
  runtime: "builtins\nRuntimeError",
};

/**
 * A pickle that raises, at the client, an exception with `message` as its only argument. A fixed run of opcodes in protocol 2, which every
 * Python 3 reads: PROTO 2, GLOBAL module and class, BINUNICODE message, TUPLE1, REDUCE, STOP. Nothing is ever read back.
 *
 * @param message longer ones than 16,384 characters are cut.
 */
export function failurePickle(kind: FailurePickleKind, message: string): Uint8Array {
  const text = Buffer.from(message.length > MAX_MESSAGE ? `${message.slice(0, MAX_MESSAGE)}...` : message, "utf8");
  const length = Buffer.alloc(4);
  length.writeUInt32LE(text.length);
  return Buffer.concat([
    Buffer.from([0x80, 0x02]),
    Buffer.from(`c${CLASSES[kind]}\n`, "latin1"),
    Buffer.from("X", "latin1"),
    length,
    text,
    Buffer.from([0x85, 0x52, 0x2e]),
  ]);
}
