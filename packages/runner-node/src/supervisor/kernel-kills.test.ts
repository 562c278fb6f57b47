import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { KernelKills } from "./kernel-kills.ts";

let root = "";
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "kills-"));
});
afterEach(() => rm(root, { recursive: true }));

async function put(path: string, text: string): Promise<void> {
  await mkdir(dirname(join(root, path)), { recursive: true });
  await writeFile(join(root, path), text);
}

it.each([
  ["0::/a", "sys/fs/cgroup/memory.events"],
  ["0::/a", "sys/fs/cgroup/a/memory.events"],
  ["5:memory:/x\n0::/", "sys/fs/cgroup/memory/memory.oom_control"],
  ["0::/", "proc/vmstat"],
])("counts those of the group %s from %s", async (groups, file) => {
  await put("proc/self/cgroup", groups);
  await put(file, "oom 9\noom_kill 3\n");
  const kills = new KernelKills(root);
  kills.watch();
  expect(kills.more()).toBe(false);
  await put(file, "oom 9\noom_kill 4\n");
  expect(kills.more()).toBe(true);
  expect(kills.more()).toBe(false);
});

it("knows of none where nothing is counted", () => {
  const kills = new KernelKills(root);
  kills.watch();
  expect(kills.more()).toBe(false);
});
