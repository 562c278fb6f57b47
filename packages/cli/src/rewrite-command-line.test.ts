import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";
import { rewriteCommandLine } from "./rewrite-command-line.ts";

it("rewrites short names of start and config show only", () => {
  expect(rewriteCommandLine(["start", "-mcj", "3"], "/")).toEqual(["start", "--max-concurrent-jobs", "3"]);
  expect(rewriteCommandLine(["config", "show", "-mcj=3"], "/")).toEqual(["config", "show", "--max-concurrent-jobs=3"]);
  expect(rewriteCommandLine(["help", "-mcj"], "/")).toEqual(["help", "-mcj"]);
  expect(rewriteCommandLine([], "/")).toEqual([]);
});

it("wants a command where there are several", () => {
  expect(() => rewriteCommandLine(["provision", "--yes"], "/")).toThrow(
    "[usage] provision is several commands: expected one of them, got --yes; see `scaler-aws-hpc provision --help`",
  );
  expect(rewriteCommandLine(["provision", "--help"], "/")).toEqual(["provision", "--help"]);
  expect(rewriteCommandLine(["provision"], "/")).toEqual(["provision"]);
});

it("makes a URL of a tarball that is there", async () => {
  const folder = await mkdtemp(join(tmpdir(), "scaler-aws-hpc-test-"));
  try {
    await writeFile(join(folder, "x.tgz"), "");
    const install = ["plugins", "install"];
    expect(rewriteCommandLine([...install, "x.tgz"], folder)).toEqual([...install, `file://${folder}/x.tgz`]);
    for (const other of ["absent.tgz", "some-plugin", "https://example.com/x.tgz", "--force"])
      expect(rewriteCommandLine([...install, other], folder)).toEqual([...install, other]);
  } finally {
    await rm(folder, { recursive: true });
  }
});
