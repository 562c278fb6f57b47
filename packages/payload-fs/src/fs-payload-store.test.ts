import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import {
  chmod,
  chown,
  lstat,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  rm,
  symlink,
  utimes,
  writeFile,
} from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { FsPayloadStore } from "./fs-payload-store.ts";
import { newMark } from "./process-mark.ts";

const bytes = Buffer.from("x");
const root = process.getuid?.() === 0;
let base = "";

beforeEach(async () => {
  base = await mkdtemp(join(tmpdir(), "payload-fs-test-"));
});

afterEach(async () => {
  await rm(base, { recursive: true, force: true });
});

async function opened(): Promise<{ store: FsPayloadStore; directory: string }> {
  const directory = join(base, "store");
  return { store: await FsPayloadStore.open({ directory }), directory };
}

async function keys(store: FsPayloadStore, prefix = ""): Promise<string[]> {
  const found: string[] = [];
  for await (const { key } of store.list(prefix)) found.push(key);
  return found;
}

/** A name of a process that is gone. */
function deadMark(): string {
  const { pid } = spawnSync("true");
  const [host = "", , , random = ""] = newMark().split(".");
  return `${host}.${pid}.0.${random}`;
}

describe("the directory of a store", () => {
  it("is for its owner only, as are the files in it, and objects are files at their keys", async () => {
    const { store, directory } = await opened();
    await store.put("v1/in/m/job-1", bytes);
    await store.put("v1/in/m/lease", bytes, { if: "absent" });
    const mode = async (path: string): Promise<number> => (await lstat(join(directory, path))).mode & 0o777;
    for (const folder of ["", "v1", "v1/in/m", "~tmp"]) expect(await mode(folder)).toBe(0o700);
    for (const file of ["v1/in/m/job-1", "v1/in/m/lease"]) expect(await mode(file)).toBe(0o600);
    expect(await readFile(join(directory, "v1/in/m/job-1"), "utf8")).toBe("x");
    expect(await readdir(join(directory, "~tmp"))).toEqual([]);
    expect(store.locator).toEqual({ kind: "fs", root: directory });
  });

  it("is a temporary one by default, removed at disposal; a given one stays", async () => {
    const temporary = await FsPayloadStore.open();
    const path = temporary.locator.root ?? "";
    await temporary.put("a/b", bytes);
    await temporary[Symbol.asyncDispose]();
    await expect(lstat(path)).rejects.toThrow(/ENOENT/);
    const { store, directory } = await opened();
    await store.put("a/b", bytes);
    await store[Symbol.asyncDispose]();
    const again = await FsPayloadStore.open({ directory });
    expect(await keys(again)).toEqual(["a/b"]);
  });

  it("is refused when others may write to it, when it is no directory, and when it is somebody else's", async () => {
    const directory = join(base, "open");
    await mkdir(directory);
    await chmod(directory, 0o770);
    await expect(FsPayloadStore.open({ directory })).rejects.toThrow(/^\[config\] .*mode 770.*chmod go-w/);
    await chmod(directory, 0o755);
    await FsPayloadStore.open({ directory });
    await writeFile(join(base, "file"), "x");
    await expect(FsPayloadStore.open({ directory: join(base, "file") })).rejects.toThrow(/^\[config\]/);
    await expect(FsPayloadStore.open({ directory: join(base, "file", "below") })).rejects.toThrow(/^\[config\]/);
    if (!root) return;
    await chown(directory, 12_345, 12_345);
    await expect(FsPayloadStore.open({ directory })).rejects.toThrow(/^\[config\] .*user 12345/);
  });

  it("fails calls with words, when it is gone", async () => {
    const { store, directory } = await opened();
    await rm(directory, { recursive: true });
    await expect(store.put("a/b", bytes)).rejects.toThrow(/^\[unavailable\] put a\/b: ENOENT/);
    expect(await store.get("a/b")).toBeUndefined();
  });
});

describe("symbolic links in a store", () => {
  it("lead nowhere: nothing outside is read, written, listed or deleted", async () => {
    const { store, directory } = await opened();
    const outside = join(base, "outside");
    await mkdir(join(outside, "deep"), { recursive: true });
    await writeFile(join(outside, "secret"), "secret");
    await writeFile(join(outside, "deep", "secret"), "secret");
    await symlink(outside, join(directory, "out"));
    await symlink(join(outside, "secret"), join(directory, "direct"));
    for (const key of ["out/secret", "out/deep/secret", "direct"]) {
      await expect(store.get(key)).rejects.toThrow(/^\[rejected\] .*symbolic link/);
    }
    for (const key of ["out/new", "out/deep/new", "out/deeper/new"]) {
      await expect(store.put(key, bytes)).rejects.toThrow(/^\[rejected\] .*symbolic link/);
      await expect(store.put(key, bytes, { if: "absent" })).rejects.toThrow(/^\[rejected\]/);
    }
    await expect(store.delete(["out/secret"])).rejects.toThrow(/^\[rejected\]/);
    await expect(keys(store, "out/")).rejects.toThrow(/^\[rejected\]/);
    expect(await keys(store)).toEqual([]);
    expect((await readdir(outside, { recursive: true })).toSorted()).toEqual(["deep", "deep/secret", "secret"]);
  });

  it("are replaced, not written through, by a put to their very name", async () => {
    const { store, directory } = await opened();
    await writeFile(join(base, "target"), "untouched");
    await symlink(join(base, "target"), join(directory, "k"));
    expect(await store.put("k", bytes, { if: "absent" })).toEqual({ stored: false });
    await store.put("k", bytes);
    expect(await readFile(join(base, "target"), "utf8")).toBe("untouched");
    expect(Buffer.from((await store.get("k"))?.body ?? []).toString()).toBe("x");
  });

  it("may be on the way to the directory itself", async () => {
    await mkdir(join(base, "real"), { mode: 0o700 });
    await symlink(join(base, "real"), join(base, "link"));
    const store = await FsPayloadStore.open({ directory: join(base, "link") });
    await store.put("a/b", bytes);
    expect(store.locator.root).toBe(join(base, "real"));
    expect(await keys(store)).toEqual(["a/b"]);
  });

  it("and pipes are no objects", async () => {
    const { store, directory } = await opened();
    expect(spawnSync("mkfifo", [join(directory, "pipe")]).status).toBe(0);
    expect(await store.get("pipe")).toBeUndefined();
    expect(await keys(store)).toEqual([]);
  });
});

describe("keys that are folders of others", () => {
  it("are refused with words, both ways round", async () => {
    const { store } = await opened();
    await store.put("a/b", bytes);
    await expect(store.put("a", bytes)).rejects.toThrow(/^\[rejected\]/);
    await expect(store.put("a", bytes, { if: "absent" })).rejects.toThrow(/^\[rejected\]/);
    await expect(store.put("a/b/c", bytes)).rejects.toThrow(/^\[rejected\]/);
    await expect(store.put(`a/${"n".repeat(300)}`, bytes)).rejects.toThrow(/^\[rejected\] .*ENAMETOOLONG/);
    expect(await keys(store)).toEqual(["a/b"]);
  });
});

describe("what dead processes leave", () => {
  it("is swept when the store is opened; what living ones write stays", async () => {
    const { store, directory } = await opened();
    const path = (name: string): string => join(directory, "~tmp", name);
    const [dead, alive, stray, old] = [deadMark(), newMark(), "stray", "old"];
    for (const name of [dead, alive, stray, old]) await writeFile(path(name), "half");
    await utimes(path(old), 1, 1);
    await FsPayloadStore.open({ directory });
    expect((await readdir(join(directory, "~tmp"))).toSorted()).toEqual([alive, stray].toSorted());
    expect(await keys(store)).toEqual([]);
  });

  it.each([1, 20])(
    "does not stop compare-and-set: the lock of a dead holder is taken over, by %i at once",
    async (racers) => {
      const { store, directory } = await opened();
      const lock = join(directory, "~tmp", `lock-${createHash("sha256").update("lease").digest("hex").slice(0, 32)}`);
      let current = await store.put("lease", Buffer.from("0"));
      for (const round of [1, 2, 3]) {
        await writeFile(lock, deadMark());
        const etag = current.stored ? current.etag : "";
        const puts = Array.from({ length: racers }, (_, i) =>
          store.put("lease", Buffer.from(`${round} ${i}`), { if: { etag } }),
        );
        const outcomes = await Promise.all(puts);
        const winners = outcomes.filter((outcome) => outcome.stored);
        expect(winners).toHaveLength(1);
        current = winners[0] ?? current;
      }
      expect(await readdir(dirname(lock))).toEqual([]);
    },
  );

  it("keeps a living holder's lock, and the wait for it can be aborted", async () => {
    const { store, directory } = await opened();
    const lock = join(directory, "~tmp", `lock-${createHash("sha256").update("lease").digest("hex").slice(0, 32)}`);
    const put = await store.put("lease", bytes);
    await writeFile(lock, newMark());
    const stop = new AbortController();
    const etag = put.stored ? put.etag : "";
    const waiting = store.put("lease", Buffer.from("y"), { if: { etag }, signal: stop.signal });
    setTimeout(() => stop.abort(new Error("enough")), 50);
    await expect(waiting).rejects.toThrow("enough");
    expect(await readdir(dirname(lock))).toEqual([lock.slice(dirname(lock).length + 1)]);
  });
});
