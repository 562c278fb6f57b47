import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { memoryLimits } from "./memory-limits.ts";

const GIB = 1024 ** 3;
let root = "";
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "limits-"));
});
afterEach(() => rm(root, { recursive: true }));

async function files(contents: Readonly<Record<string, string>>): Promise<void> {
  for (const [path, text] of Object.entries(contents)) {
    await mkdir(dirname(join(root, path)), { recursive: true });
    await writeFile(join(root, path), `${text}\n`);
  }
}

it("are those of the environment first", () => {
  const limits = memoryLimits({ SCALER_RUNNER_MEMORY_MIB: "100" }, root);
  expect(limits).toMatchObject({ heapMiB: 100, source: "SCALER_RUNNER_MEMORY_MIB" });
  expect(limits.residentBytes).toBeGreaterThan(100 * 1024 ** 2);
});

it("are a part of the container's, of either version of control groups, also where a parent has the limit", async () => {
  await files({ "proc/self/cgroup": "0::/", "sys/fs/cgroup/memory.max": String(GIB) });
  expect(memoryLimits({}, root)).toMatchObject({ heapMiB: 768, source: "the container's memory" });
  await files({
    "proc/self/cgroup": "0::/a/b",
    "sys/fs/cgroup/memory.max": "max",
    "sys/fs/cgroup/a/memory.max": "max",
  });
  await files({ "sys/fs/cgroup/a/b/memory.max": "max", "sys/fs/cgroup/a/memory.max": String(2 * GIB) });
  expect(memoryLimits({}, root)).toMatchObject({ heapMiB: 1_536 });
  const old = "12:cpu:/x\n5:memory:/docker/1";
  await files({ "proc/self/cgroup": old, "sys/fs/cgroup/memory/memory.limit_in_bytes": String(GIB / 2) });
  expect(memoryLimits({}, root)).toMatchObject({ heapMiB: 384 });
});

it("are Node's own where nothing limits", async () => {
  await files({ "proc/self/cgroup": "0::/", "sys/fs/cgroup/memory.max": "max" });
  for (const environment of [{}, { SCALER_RUNNER_MEMORY_MIB: "much" }, { SCALER_RUNNER_MEMORY_MIB: "3" }]) {
    const { heapMiB, source } = memoryLimits(environment, root);
    expect(heapMiB).toBeGreaterThan(200);
    expect(source).toContain("SCALER_RUNNER_MEMORY_MIB");
  }
});
