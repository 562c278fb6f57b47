import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { LOCAL_FILE, parseConfigFile, readConfigFiles } from "./config-file.ts";

describe("parseConfigFile", () => {
  it.each([
    ["[aws_hpc_worker_adapter]\nmax_concurrent_jobs = 3", "[aws_hpc_worker_adapter]"],
    ["[aws_hpc_worker_manager]\nmax-concurrent-jobs = 3", "[aws_hpc_worker_manager]"],
    ['[worker_manager]\ntype = "aws_hpc"\nmax_concurrent_jobs = 3', "[worker_manager]"],
    [
      '[scheduler]\n[[worker_manager]]\ntype = "baremetal_native"\n[[worker_manager]]\ntype = "aws_hpc"\nmax_concurrent_jobs = 3',
      "[[worker_manager]]",
    ],
  ])("finds the table of %j", (text, table) => {
    expect(parseConfigFile("f", text)).toEqual({ path: "f", table, entries: { "max-concurrent-jobs": 3 } });
  });

  it.each([
    ["", /f: expected a table .* got an empty file/],
    ["[scheduler]", /got "scheduler"$/],
    ["[aws_hpc_worker_manger]", /did you mean \[aws_hpc_worker_manager\] where it says "aws_hpc_worker_manger"\?/],
    ['[worker_manager]\ntype = "orb"', /expected a table .* with type = "aws_hpc", got "worker_manager"$/],
    ['[worker_manager]\ntype = "aws-hcp"', /type = "aws-hcp"; did you mean "aws_hpc"\?/],
    ["[worker_manager]\n", /expected type = "aws_hpc"/],
    [
      '[[worker_manager]]\ntype = "aws_hpc"\n[[worker_manager]]\ntype = "aws_hpc"',
      /expected one table .* got \[\[worker/,
    ],
    ["[aws_hpc_worker_manager]\n[aws_hpc_worker_adapter]", /expected one table/],
    ["[aws_hpc_worker_manager]\nio_threads = 1\nio-threads = 2", /io-threads is written twice/],
    ["aws_hpc_worker_manager = 3", /expected aws_hpc_worker_manager to be a table/],
    ["[x\n", /^\[config\] f:1:\d+: /],
  ])("says what is wrong with %j", (text, message) => {
    expect(() => parseConfigFile("f", text)).toThrow(message);
  });
});

describe("readConfigFiles", () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "scaler-aws-hpc-test-"));
  });
  afterEach(() => rm(folder, { recursive: true }));
  const table = (n: number): string => `[aws_hpc_worker_manager]\nmax_concurrent_jobs = ${n}\n`;

  it("takes the explicit file before the local one before the one of the user", async () => {
    const explicit = join(folder, "explicit.toml");
    await writeFile(explicit, table(1));
    await writeFile(join(folder, LOCAL_FILE), table(2));
    await writeFile(join(folder, "config.toml"), table(3));
    const files = await readConfigFiles({ explicit, workingFolder: folder, configFolder: folder });
    expect(files.map(({ entries }) => entries["max-concurrent-jobs"])).toEqual([1, 2, 3]);
  });

  it("needs none, but the one that was asked for", async () => {
    const places = { explicit: undefined, workingFolder: folder, configFolder: folder };
    expect(await readConfigFiles(places)).toEqual([]);
    const explicit = join(folder, "absent.toml");
    await expect(readConfigFiles({ ...places, explicit })).rejects.toThrow(
      /absent\.toml: expected a TOML file .* ENOENT/,
    );
  });
});
