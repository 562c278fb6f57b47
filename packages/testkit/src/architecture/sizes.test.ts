import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { repositoryRoot } from "../scaler/repository.ts";
import { sourceFiles } from "./source-files.ts";

/** Lines above which a file is split, and those above which it needs a reason. */
const SPLIT = 400;
const REASONED = 300;

/** Why a file has more lines than {@link SPLIT}. */
const HUGE: Readonly<Record<string, string>> = {
  "packages/runner-python/python/scaler_runner.py": "one file: what an image needs beside Python and the tasks' own",
  "packages/runner-python/python/tests/test_scaler_runner.py": "the tests of that file",
  "bench/codec/messages.ts": "written by a generator",
};

/** Why a file has more lines than {@link REASONED}. */
const LARGE: Readonly<Record<string, string>> = {
  "packages/runner-node/src/supervisor/child-run.ts": "one state machine",
  "packages/adapter-core/src/engine/shell/engine.test.ts": "the shell with the real core, on one bed",
  "packages/scaler-protocol/fixtures/make-golden.py": "a list of messages",
  "packages/testkit/python/suite_cases.py": "a list of cases",
  "packages/testkit/src/simulator/fake-child.ts": "one state machine",
  "packages/testkit/src/simulator/fake-shell.ts": "answers each effect of the core",
  "packages/testkit/src/simulator/world.ts": "what every part of a simulation shares",
};

const root = repositoryRoot();
const FOLDERS = ["bench", "demo", "examples", "packages", "scripts"];
const files = FOLDERS.flatMap((folder) => walk(folder)).map((path) => ({
  path,
  lines: readFileSync(join(root, path), "utf8").split("\n").length - 1,
}));

/** Programs of ours below a folder; what was installed or compiled is not. */
function walk(folder: string): readonly string[] {
  return readdirSync(join(root, folder), { withFileTypes: true }).flatMap((entry) => {
    const path = `${folder}/${entry.name}`;
    if (entry.isDirectory()) return ["dist", "node_modules"].includes(entry.name) ? [] : walk(path);
    return /\.(?:ts|js|mjs|py)$/.test(entry.name) ? [path] : [];
  });
}

it(`splits files of more than ${SPLIT} lines, and has a reason for each of more than ${REASONED}`, () => {
  const huge = files.filter(({ path, lines }) => lines > SPLIT && !(path in HUGE));
  const large = files.filter(({ path, lines }) => lines > REASONED && !(path in HUGE) && !(path in LARGE));
  expect({ huge, large }).toEqual({ huge: [], large: [] });
  const known = new Set(files.map(({ path }) => path));
  expect([...Object.keys(HUGE), ...Object.keys(LARGE)].filter((path) => !known.has(path))).toEqual([]);
});

it("has files of one idea: half of them have at most 100 lines", () => {
  const sorted = files.map(({ lines }) => lines).toSorted((a, b) => a - b);
  expect(sorted[Math.floor(sorted.length / 2)]).toBeLessThanOrEqual(100);
});

it("gives every published package the project's licence", () => {
  const licence = readFileSync(join(root, "LICENSE"), "utf8");
  for (const name of new Set(sourceFiles().map((file) => file.package))) {
    if (name !== "testkit") expect(readFileSync(join(root, "packages", name, "LICENSE"), "utf8"), name).toBe(licence);
  }
});
