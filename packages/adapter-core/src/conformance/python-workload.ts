import type { Workload, WorkloadCall } from "./workload.ts";

/**
 * Tasks for the Python runner, as pickles written by opcodes (protocol 2): each function is one of the standard library's, by reference, so
 * nothing needs Python to be made. The serializer is Scaler's default one.
 */
export const pythonWorkload: Workload = {
  runner: "python",
  // GLOBAL, EMPTY_TUPLE, NEWOBJ: what cloudpickle makes of the instance, without its memo.
  serializer: pickle(global("scaler.client.serializer.default", "DefaultSerializer"), Buffer.from(")\x81", "latin1")),
  echo: (text) => call("builtins", "str", unicode(text)),
  sleep: (ms) => call("time", "sleep", float(ms / 1000)),
  // ValueError: invalid literal for int() with base 10: '<text>'
  raise: (text) => call("builtins", "int", unicode(text)),
  exit: (code) => call("os", "_exit", byte(code)),
};

function call(module: string, name: string, ...args: readonly Buffer[]): WorkloadCall {
  return { fn: pickle(global(module, name)), args: args.map((arg) => pickle(arg)) };
}

function pickle(...opcodes: readonly Buffer[]): Uint8Array {
  return Buffer.concat([Buffer.from([0x80, 0x02]), ...opcodes, Buffer.from(".")]);
}

function global(module: string, name: string): Buffer {
  return Buffer.from(`c${module}\n${name}\n`, "latin1");
}

function unicode(text: string): Buffer {
  const bytes = Buffer.from(text, "utf8");
  const head = Buffer.alloc(5, "X");
  head.writeUInt32LE(bytes.length, 1);
  return Buffer.concat([head, bytes]);
}

function float(value: number): Buffer {
  const bytes = Buffer.alloc(9, "G");
  bytes.writeDoubleBE(value, 1);
  return bytes;
}

function byte(value: number): Buffer {
  return Buffer.from([0x4b, value]);
}
