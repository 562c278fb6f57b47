import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { describe, expect, it } from "vitest";
import { isNodeSerializer, SERIALIZER_HEAD, serializerObject } from "./serializer-object.ts";

const run = promisify(execFile);

// Unpickles with globals restricted to what the pickle is said to need, uses the object in every way that a worker does,
// and in some that none does.
const PROGRAM = `
import copy, io, json, pickle, pickletools, sys
data = bytes.fromhex(sys.argv[1])
class Strict(pickle.Unpickler):
    def find_class(self, module, name):
        assert (module, name) in (("builtins", "exec"), ("operator", "getitem")), (module, name)
        return super().find_class(module, name)
pickletools.dis(data, out=io.StringIO())
serializer = Strict(io.BytesIO(data)).load()
function = serializer.deserialize(b"payload")
copy.deepcopy(function)
out = []
for use in (lambda: function(1, 2, named=3), lambda: serializer.serialize(1), lambda: serializer.profile, lambda: function()):
    try:
        use()
    except Exception as raised:
        out.append([type(raised).__name__, str(pickle.loads(pickle.dumps(raised)))])
print(json.dumps([out, function.__name__, hasattr(function, "__wrapped__")]))
`;

describe("the serializer object", () => {
  it("is known by its head, and only by that", () => {
    const whole = serializerObject();
    expect(isNodeSerializer(whole)).toBe(true);
    expect(isNodeSerializer(whole.subarray(0, SERIALIZER_HEAD.length))).toBe(true);
    expect(isNodeSerializer(whole.subarray(0, SERIALIZER_HEAD.length - 1))).toBe(false);
    expect(isNodeSerializer(whole.subarray(1))).toBe(false);
    expect(isNodeSerializer(new Uint8Array())).toBe(false);
    for (let index = 0; index < SERIALIZER_HEAD.length; index += 1) {
      const changed = serializerObject();
      changed[index] = (changed[index] ?? 0) ^ 1;
      expect(isNodeSerializer(changed)).toBe(false);
    }
  });

  it("is the same for every client, and nobody's view of it is shared", () => {
    serializerObject().fill(0);
    expect(Buffer.from(SERIALIZER_HEAD).toString("latin1")).toBe("\x80\x04\x8c\x1ascaler-aws-hpc/node-task/10");
    expect(isNodeSerializer(serializerObject())).toBe(true);
  });

  it("is, in Python, an object whose every use raises a RuntimeError that says what to do", async () => {
    const { stdout } = await run("python3", ["-c", PROGRAM, Buffer.from(serializerObject()).toString("hex")]);
    const [raised, name, wrapped]: [[string, string][], string, boolean] = JSON.parse(stdout);
    expect(raised).toHaveLength(4);
    for (const [type, text] of raised) {
      expect(type).toBe("RuntimeError");
      expect(text).toMatch(
        /^this task is JavaScript: .*capability node.*--per-worker-capabilities node.*--policy-content/s,
      );
    }
    expect([name, wrapped]).toEqual(["javascript", false]);
  });
});
