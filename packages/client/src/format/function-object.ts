import { createHash } from "node:crypto";
import { ClientError } from "../client-error.ts";
import { assertMagic, corrupt, FUNCTION_MAGIC, MAGIC_BYTES, viewOf } from "./magic.ts";

const WHAT = "function object";

/** Largest header of a function object, in bytes. */
export const MAX_FUNCTION_HEADER_BYTES = 64 * 1024;

/** Largest bundled module, in bytes. */
export const MAX_MODULE_BYTES = 64 * 1024 * 1024;

const MAX_NAME_CHARACTERS = 512;
const HEADER_AT = MAGIC_BYTES + 4;

/** A function of a bundled module. */
export interface FunctionObject {
  /** What people read: in logs, on monitors. */
  readonly name: string;
  /** Export of the module: a function, or what `defineTask` made. */
  readonly exportName: string;
  /** Node version that bundled the module, `process.versions.node`. */
  readonly node: string;
  /** One ES module that imports nothing but Node's own modules and what was left out on purpose. UTF-8. */
  readonly module: Uint8Array;
}

/** {@link FunctionObject}, as it is read. */
export interface DecodedFunction extends FunctionObject {
  /** Of `module`, lower-case hex: equal modules are evaluated once. Verified. */
  readonly sha256: string;
}

/** The content address of a module: SHA-256, lower-case hex. */
export const moduleDigest = (module: Uint8Array): string => createHash("sha256").update(module).digest("hex");

/**
 * Encodes a function: magic, u32 length of the header, header (JSON), module to the last byte. Equal functions give equal bytes.
 * @throws {ClientError} `too-large`; `config` for a name that is empty or too long
 */
export function encodeFunction(fn: FunctionObject): Uint8Array {
  const { name, exportName, node, module } = fn;
  if (module.byteLength > MAX_MODULE_BYTES) {
    const limit = `at most ${MAX_MODULE_BYTES} bytes are allowed; import less, or leave packages out with external`;
    throw new ClientError("too-large", `the bundled module of task ${name} has ${module.byteLength} bytes: ${limit}`);
  }
  for (const [what, text] of Object.entries({ name, export: exportName, node })) {
    if (text.length === 0 || text.length > MAX_NAME_CHARACTERS) {
      throw new ClientError("config", `${what} of a task must have 1 to ${MAX_NAME_CHARACTERS} characters`);
    }
  }
  const header = Buffer.from(JSON.stringify({ name, export: exportName, sha256: moduleDigest(module), node }), "utf8");
  const head = Buffer.alloc(HEADER_AT);
  head.set(FUNCTION_MAGIC);
  head.writeUInt32LE(header.length, MAGIC_BYTES);
  return Buffer.concat([head, header, module]);
}

/** Reads a function; `module` is a view of `bytes`. @throws {ClientError} `corrupt`; `incompatible` for a later version */
export function decodeFunction(bytes: Uint8Array): DecodedFunction {
  const view = viewOf(bytes);
  assertMagic(view, FUNCTION_MAGIC, WHAT);
  if (view.length < HEADER_AT) throw corrupt(WHAT, "shorter than its head");
  const length = view.readUInt32LE(MAGIC_BYTES);
  if (length > MAX_FUNCTION_HEADER_BYTES || length > view.length - HEADER_AT) {
    throw corrupt(WHAT, `a header of ${length} bytes does not fit`);
  }
  const header = parse(view.toString("utf8", HEADER_AT, HEADER_AT + length));
  const module = bytes.subarray(HEADER_AT + length);
  if (module.byteLength > MAX_MODULE_BYTES) throw corrupt(WHAT, `a module of ${module.byteLength} bytes is too long`);
  const sha256 = text(header, "sha256");
  if (sha256 !== moduleDigest(module)) throw corrupt(WHAT, "the module has another digest than its header says");
  return { name: text(header, "name"), exportName: text(header, "export"), node: text(header, "node"), sha256, module };
}

function parse(json: string): object {
  try {
    const value: unknown = JSON.parse(json);
    if (typeof value === "object" && value !== null) return value;
  } catch (reason) {
    throw corrupt(WHAT, "the header is not JSON", reason);
  }
  throw corrupt(WHAT, "the header is not an object");
}

function text(header: object, field: string): string {
  const value: unknown = Object.hasOwn(header, field) ? Reflect.get(header, field) : undefined;
  if (typeof value === "string" && value.length > 0 && value.length <= MAX_NAME_CHARACTERS) return value;
  throw corrupt(WHAT, `${field} must be text of 1 to ${MAX_NAME_CHARACTERS} characters`);
}
