import { existsSync } from "node:fs";
import { chmod, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { plugin, pythonRunner, RUNNER_FILE } from "./index.ts";

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "python-runner-"));
});
afterEach(() => rm(folder, { recursive: true }));

/** A program that answers the version question as an interpreter would. */
async function fakePython(name: string, answer: string): Promise<string> {
  const file = join(folder, name);
  await writeFile(file, `#!/bin/sh\necho "${answer}"\n`);
  await chmod(file, 0o755);
  return file;
}

it("contributes one runner, and ships the program it starts", () => {
  expect(plugin.runners).toEqual([pythonRunner]);
  expect(existsSync(RUNNER_FILE)).toBe(true);
});

it("recognises pickles by their first byte", () => {
  expect(pythonRunner.matches(Uint8Array.of(0x80, 5, 0x95))).toBe(true);
  expect(pythonRunner.matches(Buffer.from("cscaler.x\ny\n"))).toBe(true);
  expect(pythonRunner.matches(Buffer.from("{}"))).toBe(false);
  // A client of another language: a pickle that begins with a name and throws it away.
  expect(pythonRunner.matches(Buffer.from("\x80\x04\x8c\x04name0}.", "latin1"))).toBe(false);
  expect(pythonRunner.matches(Buffer.from("\x80\x04\x8c\x04name}.", "latin1"))).toBe(true);
  expect(pythonRunner.matches(new Uint8Array())).toBe(false);
});

it("starts the program behind a shim, with the preload as one argument", async () => {
  const shim = await fakePython("shim", "3 12 /opt/python 3/bin/python");
  expect(pythonRunner.command?.({ interpreter: shim, preload: "a.b:c('x y')" })).toEqual({
    file: "/opt/python 3/bin/python",
    args: ["-B", RUNNER_FILE, "--preload", "a.b:c('x y')"],
  });
});

it("refuses an interpreter that is too old, and says what to do", async () => {
  const old = await fakePython("old", "3 8 /usr/bin/python3.8");
  expect(() => pythonRunner.command?.({ interpreter: old })).toThrow(
    /^\[config\] .*is version 3\.8; install Python 3\.9/,
  );
});

it("refuses an interpreter that is missing or no Python", async () => {
  expect(() => pythonRunner.command?.({ interpreter: join(folder, "none") })).toThrow(
    /^\[config\] .*does not start: .*ENOENT/,
  );
  const other = await fakePython("other", "hello");
  expect(() => pythonRunner.command?.({ interpreter: other })).toThrow(/^\[config\] .*does not start/);
});

it("tells before the first task what will be missing", async () => {
  const bare = await fakePython("bare", "3 12 /usr/bin/python3.12");
  expect(pythonRunner.check?.({ interpreter: bare })).toEqual([
    expect.stringMatching(/^Python 3\.12 at \/usr\/bin\/python3\.12 has no cloudpickle, .*--python/),
  ]);
  const whole = await fakePython("whole", "3 12 /usr/bin/python3.12\ncloudpickle 3.1.1");
  expect(pythonRunner.check?.({ interpreter: whole })).toEqual([]);
  expect(() => pythonRunner.check?.({ interpreter: join(folder, "none") })).toThrow(/^\[config\] .*ENOENT/);
});
