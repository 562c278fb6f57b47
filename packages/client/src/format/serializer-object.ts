import { PYTHON_STAND_IN } from "./python-stand-in.ts";

/** Name of the convention between Node clients and Node runners: another one is another number. */
const CONVENTION = "scaler-aws-hpc/node-task/1";

// Pickle opcodes: https://docs.python.org/3/library/pickletools.html
const PROTO_4 = Buffer.of(0x80, 4);
const EMPTY_DICT = Buffer.from("}");
const MEMOIZE = Buffer.of(0x94);
const POP = Buffer.from("0");
const STACK_GLOBAL = Buffer.of(0x93);
const TUPLE_2 = Buffer.of(0x86);
const REDUCE = Buffer.from("R");
const STOP = Buffer.from(".");
const SETITEM = Buffer.from("s");
/** The namespace dict is the first thing that is memoised. */
const THE_DICT = Buffer.of(0x68, 0);

function unicode(text: string): Buffer {
  const bytes = Buffer.from(text, "utf8");
  if (bytes.length < 256) return Buffer.concat([Buffer.of(0x8c, bytes.length), bytes]);
  const head = Buffer.of(0x58, 0, 0, 0, 0);
  head.writeUInt32LE(bytes.length, 1);
  return Buffer.concat([head, bytes]);
}

/** Bytes that every serializer object of a Node client starts with: PROTO 4, SHORT_BINUNICODE with the convention, POP. */
export const SERIALIZER_HEAD: Uint8Array = Buffer.concat([PROTO_4, unicode(CONVENTION), POP]);

const WHOLE = Buffer.concat([
  SERIALIZER_HEAD,
  EMPTY_DICT,
  MEMOIZE,
  // A class of a module that cannot be imported is pickled by value, so the object survives a Python program that sends it on.
  ...[unicode("__name__"), unicode("scaler_aws_hpc_node_task"), SETITEM, POP],
  ...[unicode("builtins"), unicode("exec"), STACK_GLOBAL, unicode(PYTHON_STAND_IN), THE_DICT, TUPLE_2, REDUCE, POP],
  ...[unicode("operator"), unicode("getitem"), STACK_GLOBAL, THE_DICT, unicode("serializer"), TUPLE_2, REDUCE],
  STOP,
]);

/**
 * The serializer object of a Node client: to a Node runner a mark, to Python a valid pickle (of protocol 4, with nothing but the standard
 * library) of an object whose use fails with a RuntimeError that says what to do. A native Python worker that gets a JavaScript task
 * thus fails that task, and keeps its process.
 */
export const serializerObject = (): Uint8Array => Uint8Array.from(WHOLE);

/**
 * Whether a serializer object is a Node client's. Looks at the first {@link SERIALIZER_HEAD} bytes alone; everything else is some
 * Python client's.
 */
export function isNodeSerializer(head: Uint8Array): boolean {
  return Buffer.from(head.buffer, head.byteOffset, Math.min(head.byteLength, SERIALIZER_HEAD.length)).equals(
    SERIALIZER_HEAD,
  );
}
