import { mkdir, mkdtemp, realpath, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { folderExists, folderExistsSync } from "./object-path.ts";
import { type Range, type ReadObject, readObject, readSmallObject } from "./read-object.ts";

let base = "";

beforeEach(async () => {
  base = await realpath(await mkdtemp(join(tmpdir(), "read-object-test-")));
});

afterEach(async () => {
  await rm(base, { recursive: true, force: true });
});

const ways: Readonly<Record<string, typeof readObject>> = {
  "through the thread pool": readObject,
  "on this thread": async (path, range, maxBytes) => {
    const read = readSmallObject(path, range, maxBytes);
    if (read === "large") throw new Error("it was taken for a large one");
    return read;
  },
};

for (const [way, read] of Object.entries(ways)) {
  describe(`a small object read ${way}`, () => {
    const part = async (range?: Range): Promise<ReadObject | undefined> => await read(join(base, "object"), range, 10);

    it("comes whole or in part, with the etag of the whole", async () => {
      await writeFile(join(base, "object"), "0123456789");
      const whole = await part();
      expect(whole?.body).toEqual(Buffer.from("0123456789"));
      expect(whole?.etag).toBe("h84d89877f0d4041efb6bf91a16f0248f");
      for (const [start, end, text] of [
        [2, 4, "23"],
        [8, 99, "89"],
        [50, 60, ""],
      ] as const) {
        expect(await part({ start, end })).toEqual({ body: Buffer.from(text), etag: whole?.etag });
      }
    });

    it("is absent where there is none, or a folder, or something on the way is no folder", async () => {
      expect(await part()).toBeUndefined();
      await mkdir(join(base, "object"));
      expect(await part()).toBeUndefined();
      await writeFile(join(base, "file"), "");
      expect(await read(join(base, "file", "object"), undefined, 10)).toBeUndefined();
    });

    it("is refused when it is longer than accepted, or a symbolic link", async () => {
      await writeFile(join(base, "object"), "0123456789-");
      await expect(part()).rejects.toThrow(/^\[too-large\].*11 bytes to read, limit 10/);
      expect((await part({ start: 10, end: 11 }))?.body).toEqual(Buffer.from("-"));
      await symlink(join(base, "object"), join(base, "link"));
      await expect(read(join(base, "link"), undefined, 99)).rejects.toThrow(/^\[rejected\].*symbolic link/);
    });
  });
}

it("leaves large objects to the thread pool, whatever part is wanted", async () => {
  await writeFile(join(base, "object"), Buffer.alloc(65_536));
  expect(readSmallObject(join(base, "object"), undefined, 99_999)).toMatchObject({ body: { length: 65_536 } });
  await writeFile(join(base, "object"), Buffer.alloc(65_537));
  expect(readSmallObject(join(base, "object"), { start: 0, end: 1 }, 10)).toBe("large");
});

it("looks at folders the same way on this thread", async () => {
  await mkdir(join(base, "folder"));
  await symlink(join(base, "folder"), join(base, "link"));
  for (const exists of [folderExists, async (folder: string) => folderExistsSync(folder)]) {
    expect(await exists(join(base, "folder"))).toBe(true);
    expect(await exists(join(base, "nothing"))).toBe(false);
    await expect(exists(join(base, "link"))).rejects.toThrow(/^\[rejected\].*behind a symbolic link/);
  }
});
