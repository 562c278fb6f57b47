import { execFile } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { describe, expect, it } from "vitest";
import { bareEnvironment, interpretersAtHand, SUPPORTED, scalerEnvironment } from "../test/interpreters.ts";
import { RUNNER_FILE } from "./index.ts";

const run = promisify(execFile);
const TESTS = fileURLToPath(new URL("../python/tests/", import.meta.url));
const MODULES = ["test_scaler_runner", "test_s3_store", "test_s3_access", "test_one_shot", "test_descriptions"];
const atHand = await interpretersAtHand();

/** Runs the Python tests; its own output is the message of a failure. */
async function unittest(python: string): Promise<void> {
  const { stderr } = await run(python, ["-B", "-W", "error::SyntaxWarning", "-m", "unittest", ...MODULES], {
    cwd: TESTS,
    timeout: 280_000,
    maxBuffer: 8 << 20,
  });
  expect(stderr).toMatch(/^OK/m);
  for (const line of stderr.split("\n")) if (line.includes("CPU per task")) console.log(line);
}

// They wait more than they compute.
describe.concurrent.each(SUPPORTED)("Python %s", (version) => {
  const interpreter = atHand.get(version);

  it.skipIf(interpreter === undefined)(
    "passes the runner's tests, with cloudpickle and without Scaler",
    async (context) => {
      const environment = await bareEnvironment(version, interpreter ?? "");
      if ("reason" in environment) context.skip(environment.reason);
      else await unittest(environment.python);
    },
    300_000,
  );

  it.skipIf(interpreter === undefined)("compiles without a warning", async () => {
    const folder = await mkdtemp(join(tmpdir(), "compile-"));
    try {
      const program = "import py_compile, sys; py_compile.compile(sys.argv[1], cfile=sys.argv[2], doraise=True)";
      await run(interpreter ?? "", ["-W", "error", "-c", program, RUNNER_FILE, join(folder, "runner.pyc")]);
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});

it("uses no syntax that is newer than Python 3.9, whatever interpreter is at hand", async () => {
  const [newest] = [...atHand.values()].reverse();
  const program = "import ast, sys; ast.parse(open(sys.argv[1]).read(), feature_version=(3, 9))";
  await run(newest ?? "python3", ["-c", program, RUNNER_FILE]);
});

it.concurrent("passes its tests where Scaler is installed", async (context) => {
  const python = scalerEnvironment();
  if (python === undefined) context.skip("no environment with opengris-scaler 2.9.0: the project's scripts make one");
  else await unittest(python);
}, 300_000);

it("says so when it is started by hand", async () => {
  const [python = "python3"] = atHand.values();
  await expect(run(python, ["-B", RUNNER_FILE])).rejects.toMatchObject({
    code: 2,
    stderr: expect.stringContaining("control channel"),
  });
  await expect(run(python, ["-B", RUNNER_FILE, "--colour"])).rejects.toMatchObject({
    code: 2,
    stderr: expect.stringContaining("usage"),
  });
});
