import { chmod, mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Check } from "@scaler-aws-hpc/adapter-core";
import { afterEach, beforeEach, expect, it } from "vitest";
import { fsChecks } from "./fs-checks.ts";

let base: string;
beforeEach(async () => {
  base = await mkdtemp(join(tmpdir(), "payload-fs-test-"));
});
afterEach(() => rm(base, { recursive: true }));

const run = async (directory?: string) => {
  const [check] = fsChecks(directory === undefined ? {} : { directory }) as readonly [Check];
  return await check.run({});
};

it("finds a directory that can be used, and leaves nothing of its own in it", async () => {
  expect(await run(base)).toMatchObject([{ level: "ok" }]);
  expect(await run()).toMatchObject([{ level: "ok" }]);
  expect((await readdir(base, { recursive: true })).filter((name) => name.includes("doctor"))).toEqual([]);
});

it("makes no directory that is not there", async () => {
  expect(await run(join(base, "a", "b"))).toMatchObject([
    { level: "ok", text: expect.stringContaining("will be made") },
  ]);
  expect(await readdir(base)).toEqual([]);
});

it("says what keeps one from being used", async () => {
  await writeFile(join(base, "file"), "x");
  await expect(run(join(base, "file"))).rejects.toThrow(/expected a directory/);
  await expect(run(join(base, "file", "below"))).rejects.toThrow(/expected a directory/);
  await chmod(base, 0o777);
  await expect(run(base)).rejects.toThrow(/others may write to it .*; run chmod/);
});

it("tells how much room there is", async () => {
  const [, room] = fsChecks({ directory: join(base, "new") }) as readonly [Check, Check];
  expect(await room.run({})).toMatchObject([{ text: expect.stringMatching(/GiB are free$/) }]);
});
