import v8 from "node:v8";
import { ClientError } from "../client-error.ts";
import { assertMagic, corrupt, MAGIC_BYTES, VALUE_MAGIC, viewOf } from "./magic.ts";
import { findUncloneable } from "./uncloneable.ts";

const WHAT = "value object";
const NODE = process.versions.node;
/** What v8.serialize writes starts with 0xFF and the version of its format. */
const WIRE_VERSION = v8.serialize(null)[1] ?? 0;
const HEAD = Buffer.concat([VALUE_MAGIC, Buffer.of(WIRE_VERSION, NODE.length), Buffer.from(NODE, "latin1")]);

/**
 * Encodes a value as structured clone does: Map, Set, Date, BigInt, typed arrays, Buffers, errors, cycles. Class instances
 * lose their class. Layout: magic, u8 version of V8's format, u8 length and text of the Node version, what `v8.serialize` made.
 *
 * @param what how the value is called in a refusal, such as `arguments[0]`
 * @throws {ClientError} `uncloneable`, with the path to what cannot be cloned
 */
export function encodeValue(value: unknown, what = "value"): Uint8Array {
  let body: Buffer;
  try {
    body = v8.serialize(value);
  } catch (reason) {
    throw new ClientError("uncloneable", findUncloneable(value, what, reason), { cause: reason });
  }
  return Buffer.concat([HEAD, body]);
}

/**
 * Reads a value. It shares no memory with `bytes` unless `view` is set: then typed arrays in it may look into them, which
 * saves a copy where the bytes are the caller's own and used for nothing else.
 * @throws {ClientError} `corrupt`; `incompatible` where a newer Node wrote it than can be read here
 */
export function decodeValue(bytes: Uint8Array, options?: { readonly view?: boolean }): unknown {
  const view = viewOf(bytes);
  assertMagic(view, VALUE_MAGIC, WHAT);
  const wire = view[MAGIC_BYTES];
  const length = view[MAGIC_BYTES + 1];
  if (wire === undefined || length === undefined || view.length < MAGIC_BYTES + 2 + length) {
    throw corrupt(WHAT, "shorter than its head");
  }
  const start = MAGIC_BYTES + 2 + length;
  const versions = `written by Node ${JSON.stringify(view.toString("latin1", start - length, start))} in version ${wire} of V8's format, read by Node ${NODE}, which knows version ${WIRE_VERSION}`;
  if (wire > WIRE_VERSION) {
    throw new ClientError("incompatible", `${WHAT} ${versions}: run the older side with the newer Node`);
  }
  const body = view.subarray(start);
  try {
    // A copy has an ArrayBuffer of its own, where Buffer.from would look into a pool that others use.
    return v8.deserialize(options?.view === true ? body : new Uint8Array(body));
  } catch (reason) {
    throw corrupt(WHAT, `V8 does not read it (${versions})`, reason);
  }
}
