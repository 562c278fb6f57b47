import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { describe, expect, it } from "vitest";
import { type FailurePickleKind, failurePickle } from "./failure-pickle.ts";

const run = promisify(execFile);

// Loads pickles given in hex, with a stand-in for Scaler's module: that class's own behaviour is Scaler's.
const LOADER = `
import json, pickle, pickletools, sys, types
scaler, utility, exceptions = (types.ModuleType(n) for n in ("scaler", "scaler.utility", "scaler.utility.exceptions"))
exceptions.WorkerDiedError = type("WorkerDiedError", (Exception,), {})
sys.modules.update({m.__name__: m for m in (scaler, utility, exceptions)})
out = []
for text in sys.argv[1:]:
    data = bytes.fromhex(text)
    pickletools.dis(data, out=open("/dev/null", "w"))
    loaded = pickle.loads(data)
    out.append([type(loaded).__name__, *loaded.args])
print(json.dumps(out))
`;

describe("failurePickle", () => {
  it("loads in Python as the exception with the message", async () => {
    const cases: [FailurePickleKind, string, string][] = [
      ["worker-died", "WorkerDiedError", "signal 11 (SIGSEGV)"],
      ["timeout", "TimeoutError", "ran longer than 60 s"],
      ["memory", "MemoryError", 'näher dran: 🙂 "quoted"\nnext line'],
      ["runtime", "RuntimeError", ""],
    ];
    const pickles = cases.map(([kind, , message]) => Buffer.from(failurePickle(kind, message)).toString("hex"));
    const { stdout } = await run("python3", ["-c", LOADER, ...pickles]);
    expect(JSON.parse(stdout)).toEqual(cases.map(([, name, message]) => [name, message]));
  });
});
