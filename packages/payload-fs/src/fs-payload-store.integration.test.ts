import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdir, mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { FsPayloadStore } from "./fs-payload-store.ts";

const program = fileURLToPath(new URL("../test/increment.ts", import.meta.url));
let directory = "";

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "payload-fs-test-"));
});

afterEach(async () => {
  await rm(directory, { recursive: true, force: true });
});

function increment(times: number): ChildProcess & { readonly written: () => number } {
  const args = ["--conditions=@scaler-aws-hpc/source", program, directory, `${times}`];
  const child = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "inherit"] });
  let written = 0;
  child.stdout?.on("data", (chunk: Buffer) => {
    written += chunk.length;
  });
  return Object.assign(child, { written: () => written });
}

async function counter(store: FsPayloadStore): Promise<number> {
  return Number(Buffer.from((await store.get("counter"))?.body ?? []).toString());
}

describe("several processes over one directory", () => {
  it("lose no increment", async () => {
    const store = await FsPayloadStore.open({ directory });
    await store.put("counter", Buffer.from("0"));
    const children = [1, 2, 3].map(() => increment(60));
    const codes = await Promise.all(children.map(async (child) => (await once(child, "close"))[0]));
    expect(codes).toEqual([0, 0, 0]);
    expect(await counter(store)).toBe(180);
    expect(await readdir(join(directory, "~tmp"))).toEqual([]);
  });

  it("go on when one of them is killed at any moment, and no increment that was told of is lost", async () => {
    const store = await FsPayloadStore.open({ directory });
    await store.put("counter", Buffer.from("0"));
    let told = 0;
    for (const afterMs of [0, 1, 2, 3, 5, 8]) {
      const child = increment(100_000);
      await once(child.stdout ?? child, "data");
      await new Promise((resolve) => setTimeout(resolve, afterMs));
      child.kill("SIGKILL");
      await once(child, "close");
      told += child.written();
      const seen = await counter(store);
      // One more may have been done and not told.
      expect(seen).toBeGreaterThanOrEqual(told);
      expect(seen).toBeLessThanOrEqual(told + 1);
      told = seen;
    }
    await FsPayloadStore.open({ directory });
    const last = increment(5);
    await once(last, "close");
    expect(await counter(store)).toBe(told + 5);
  });
});

describe("a full device", () => {
  it("fails puts with the device in words, keeps what was there, and goes on when there is room again", async ({
    skip,
  }) => {
    const mounted = join(directory, "small");
    await mkdir(mounted, { mode: 0o700 });
    if (spawnSync("mount", ["-t", "tmpfs", "-o", "size=1m,mode=700", "tmpfs", mounted]).status !== 0) {
      skip("needs the right to mount a small tmpfs");
    }
    try {
      const store = await FsPayloadStore.open({ directory: mounted });
      await store.put("kept", Buffer.from("kept"));
      const big = store.put("big", Buffer.alloc(2 << 20));
      await expect(big).rejects.toThrow(/^\[unavailable\] put big: no room on the device of .*MiB/);
      const keys: string[] = [];
      for await (const { key } of store.list("")) keys.push(key);
      expect(keys).toEqual(["kept"]);
      expect(await store.put("fits", Buffer.alloc(500_000))).toMatchObject({ stored: true });
    } finally {
      spawnSync("umount", [mounted]);
    }
  });
});
