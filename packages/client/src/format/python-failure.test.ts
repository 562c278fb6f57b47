import { execFile } from "node:child_process";
import { promisify } from "node:util";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { ClientError } from "../client-error.ts";
import { decodeFailure } from "./failure-object.ts";
import { serializerObject } from "./serializer-object.ts";

const run = promisify(execFile);

const PROGRAM = `
import copyreg, pickle, sys, types
serializer = pickle.loads(bytes.fromhex(sys.argv[1]))
def caught(use):
    try:
        use()
    except BaseException as raised:
        return raised
for raised in (caught(serializer.deserialize(b"")), ValueError("näher dran"), ValueError(), KeyError(1, "x" * 70000)):
    for protocol in range(2, pickle.HIGHEST_PROTOCOL + 1):
        print(pickle.dumps(raised, protocol=protocol).hex())
# As with tblib, which native workers install: its function first, then class and arguments.
tblib = types.ModuleType("tblib.pickling_support")
def unpickle_exception(*parts): pass
unpickle_exception.__module__ = tblib.__name__
tblib.unpickle_exception = unpickle_exception
sys.modules["tblib"] = types.ModuleType("tblib")
sys.modules[tblib.__name__] = sys.modules["tblib"].pickling_support = tblib
copyreg.pickle(ValueError, lambda e: (unpickle_exception, (type(e), e.args, None, None)))
print(pickle.dumps(ValueError("näher dran"), protocol=pickle.HIGHEST_PROTOCOL).hex())
`;

async function pickles(): Promise<ClientError[]> {
  const hex = Buffer.from(serializerObject()).toString("hex");
  const { stdout } = await run("python3", ["-c", PROGRAM, hex], { maxBuffer: 16 << 20 });
  return stdout
    .trim()
    .split("\n")
    .map((line) => decodeFailure(Buffer.from(line, "hex")).reason as ClientError);
}

describe("a failure that is a Python pickle", () => {
  it("is told, never unpickled", async () => {
    const read = await pickles();
    expect(read).toHaveLength(17);
    for (const { code, message } of read.slice(0, 4)) {
      expect(code).toBe("no-runner");
      expect(message).toMatch(/^\[no-runner\] this task is JavaScript: .*--policy-content/);
    }
    for (const { code, message } of [...read.slice(4, 8), ...read.slice(16)]) {
      expect(code).toBe("foreign");
      expect(message).toMatch(/not answered by a Node runner\. It is a (builtins|exceptions)\.ValueError: näher dran$/);
    }
    for (const { code } of read.slice(8)) expect(code).toBe("foreign");
  });

  it("may be any bytes", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 64 }), (rest) => {
        expect(decodeFailure(Buffer.concat([Buffer.of(0x80, 4), rest])).by).toBe("python");
      }),
    );
    expect(() => decodeFailure(Buffer.from("text"))).toThrow(/^\[corrupt\]/);
  });
});
