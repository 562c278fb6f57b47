import { ClientError } from "../client-error.ts";
import { NO_RUNNER_MARK, NO_RUNNER_TEXT } from "./python-stand-in.ts";

/** No exception's class and message stand further in. */
const MAX_SCAN_BYTES = 256 * 1024;
const MAX_STRINGS = 5;

/**
 * What is said of a failure that is a pickled Python exception, or `undefined` where the bytes are no pickle. Its opcodes are read as far
 * as they only push text; nothing is built or called.
 */
export function readPythonFailure(bytes: Uint8Array): ClientError | undefined {
  if (bytes[0] !== 0x80 || bytes[1] === undefined || bytes[1] > 8) return undefined;
  const pickle = Buffer.from(bytes.buffer, bytes.byteOffset, Math.min(bytes.byteLength, MAX_SCAN_BYTES));
  if (pickle.includes(NO_RUNNER_MARK)) return new ClientError("no-runner", NO_RUNNER_TEXT);
  const found = strings(pickle);
  // Scaler's own workers pickle exceptions with tblib, which puts a function of its own before the exception.
  const [module = "", name = "", message] = found[0]?.startsWith("tblib.") ? found.slice(2) : found;
  const known = name === "" ? "" : ` It is a ${module}.${name}${message === undefined ? "" : `: ${message}`}`;
  return new ClientError(
    "foreign",
    `the task's failure is a Python object, which only Python reads: the task was not answered by a Node runner.${known}`,
  );
}

/** The first texts that a pickle pushes: of an exception, the module, the class and the message. */
function strings(pickle: Buffer): string[] {
  const found: string[] = [];
  let at = 2;
  while (at < pickle.length && found.length < MAX_STRINGS) {
    const opcode = pickle[at];
    at += 1;
    if (opcode === 0x95)
      at += 8; // FRAME
    else if (opcode === 0x63) {
      // GLOBAL: two lines
      for (let line = 0; line < 2; line += 1) {
        const end = pickle.indexOf(0x0a, at);
        if (end < 0) return found;
        found.push(pickle.toString("utf8", at, end));
        at = end + 1;
      }
    } else if (opcode === 0x8c && at < pickle.length) at = push(pickle, at + 1, pickle.readUInt8(at), found);
    else if (opcode === 0x58 && at + 4 <= pickle.length) at = push(pickle, at + 4, pickle.readUInt32LE(at), found);
    else if (opcode === 0x71)
      at += 1; // BINPUT
    else if (opcode !== 0x94 && opcode !== 0x93 && opcode !== 0x28) break; // MEMOIZE, STACK_GLOBAL, MARK
  }
  return found;
}

function push(pickle: Buffer, start: number, length: number, found: string[]): number {
  found.push(pickle.toString("utf8", start, Math.min(start + length, pickle.length)));
  return start + length;
}
