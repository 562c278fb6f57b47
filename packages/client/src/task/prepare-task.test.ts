import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { double, fail, sum } from "../../test-support/tasks/numbers.ts";
import { outcome as ownSubmit } from "../../test-support/tasks/odd/own-submit.ts";
import unexported, { makeTask } from "../../test-support/tasks/odd/unexported.ts";
import { Shortage } from "../../test-support/tasks/shortage.ts";
import { type DecodedFunction, decodeFunction, taskFunction } from "../format/index.ts";
import { prepareTask } from "./prepare-task.ts";
import { STUB } from "./stub.ts";
import { defineTask, type Task, type TaskDefinition } from "./task.ts";

let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "client-tasks-"));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const odd = (file: string): URL => new URL(`../../test-support/tasks/odd/${file}`, import.meta.url);
const prepared = async (task: unknown): Promise<DecodedFunction> =>
  decodeFunction((await prepareTask(task as Task<never[], unknown>)).bytes);
const byName = (file: string, name: string, definition?: TaskDefinition): Promise<DecodedFunction> =>
  prepared(defineTask(odd(file), name, definition));

/** Evaluates a bundled module as a runner does, and gives the task's function. */
async function evaluated({ module, sha256, exportName }: DecodedFunction): Promise<(...args: unknown[]) => unknown> {
  const file = join(folder, `${sha256}.mjs`);
  await writeFile(file, module);
  return taskFunction((await import(/* @vite-ignore */ pathToFileURL(file).href)) as object, exportName);
}

describe("a task", () => {
  it("is called like the function that it is", () => {
    expect([double(4), sum(1, 2, 3)]).toEqual([8, 6]);
    expect(() => fail("bolts")).toThrow(Shortage);
  });

  it("becomes one module with what it imports, found by the name of its export", async () => {
    const fn = await prepared(fail);
    expect([fn.name, fn.exportName, fn.node]).toEqual(["fail", "fail", process.versions.node]);
    const run = await evaluated(fn);
    expect(() => run("bolts")).toThrow("no bolts left");
    expect((await evaluated(await prepared(double)))(4)).toBe(8);
  });

  it("shares its module with the other tasks of its file, and holds nothing of the client", async () => {
    const [one, two] = [await prepared(double), await prepared(sum)];
    expect(one.sha256).toBe(two.sha256);
    const text = Buffer.from(one.module).toString();
    expect(text).not.toMatch(/esbuild|ObjectStorageClient/);
    expect(text).not.toContain(import.meta.dirname);
    expect(one.module.length).toBeLessThan(20_000);
  });

  it("may be named by its export, without its module being loaded here", async () => {
    const task = defineTask<(path: string) => string>(odd("needs-require.cjs"), "base");
    expect((await evaluated(await prepared(task)))("/a/b.txt")).toBe("b.txt!");
    expect(() => task("/a")).toThrow(/^\[task\] base of file:.* called in the runner only/);
  });

  it("may lie in the default export, as CommonJS modules have it", async () => {
    const fn = await prepared(unexported.inside);
    expect(fn.exportName).toBe("inside");
    expect((await evaluated(fn))()).toBe("in the default export");
  });
});

describe("a task that cannot be sent", () => {
  it("is told that it is not exported", async () => {
    await expect(prepared(makeTask(2))).rejects.toThrow(
      /^\[task\] a task of .*unexported\.ts is not exported by it \(it exports .*makeTask.*\): write "export const name = defineTask/,
    );
  });

  it("is told that it is no task", () => {
    expect(() => prepareTask((() => 1) as never)).toThrow(/^\[config\] submit: expected what defineTask returned/);
    expect(() => defineTask("https://example.org/a.js", () => 1)).toThrow(
      /^\[config\] defineTask: expected import\.meta\.url/,
    );
    expect(() => defineTask(import.meta.url, 3 as never)).toThrow(/^\[config\] defineTask: .* got number/);
  });

  it("is told that its own module submits it", () => {
    expect(ownSubmit).toMatch(
      /^\[task\] a task of .*own-submit\.ts was submitted while it is still being evaluated: .*module of their own/,
    );
  });

  it.each([
    ["computed-import.ts", "load", /computed-import\.ts:2: This "import" expression will not be bundled/],
    ["computed-require.cjs", "load", /computed-require\.cjs:2: This call to "require" will not be bundled/],
    [
      "native.cjs",
      "load",
      /native\.cjs:1: native add-on \.\/build\/addon\.node, imported by .*native\.cjs, cannot be part/,
    ],
    ["missing-package.ts", "use", /missing-package\.ts:2: Could not resolve "no-such-package-at-all".*external/],
    ["not-there.ts", "use", /not-there\.ts/],
  ])("is told what stands in the way in %s", async (file, name, message) => {
    await expect(byName(file, name)).rejects.toThrow(/^\[bundle\] the module of a task/);
    await expect(byName(file, name)).rejects.toThrow(message);
  });

  it("may leave out what the runner has", async () => {
    const fn = await byName("missing-package.ts", "use", { external: ["no-such-package-at-all"], name: "shown" });
    expect(Buffer.from(fn.module).toString()).toContain('from "no-such-package-at-all"');
    expect(fn.name).toBe("shown");
    expect(
      Buffer.from((await byName("native.cjs", "load", { external: ["./build/addon.node"] })).module).length,
    ).toBeGreaterThan(0);
  });

  it("learns in the runner that there is no client", async () => {
    const file = join(folder, "connects.mjs");
    await writeFile(file, (await byName("connects.ts", "never")).module);
    await expect(import(/* @vite-ignore */ pathToFileURL(file).href)).rejects.toThrow(
      /^Client\.connect: there is no client in a runner/,
    );
  });

  it("may import from this package there whatever it may import here", async () => {
    const stub = (await import(/* @vite-ignore */ `data:text/javascript,${encodeURIComponent(STUB)}`)) as object;
    expect(Object.keys(stub).toSorted()).toEqual(Object.keys(await import("../index.ts")).toSorted());
  });

  it("is prepared anew once its file is mended", async () => {
    const file = join(folder, "mended.mjs");
    const task = defineTask(pathToFileURL(file), "value");
    await writeFile(file, 'import "./nowhere.mjs"; export const value = () => 1;');
    await expect(prepared(task)).rejects.toThrow(/^\[bundle\]/);
    await writeFile(file, "export const value = () => 2;");
    expect(Buffer.from((await prepared(task)).module).toString()).toContain("2");
    expect(await readFile(file, "utf8")).toContain("value");
  });
});
