import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { ChildProgram } from "../scaler/child-program.ts";
import { freePorts } from "../scaler/free-ports.ts";
import { nodeProgram, releaseBin, repositoryRoot } from "../scaler/repository.ts";

const folder = join(repositoryRoot(), "examples", "text-statistics");
const env = {
  PATH: [dirname(nodeProgram()), releaseBin("2.9.0"), process.env["PATH"] ?? ""].join(delimiter),
  // Without it oclif looks for TypeScript sources beside the compiled commands.
  NODE_ENV: "production",
  NO_COLOR: "1",
};
const running: ChildProgram[] = [];
let program: string;
let texts: string;

/** Runs a line of the README as a shell does. */
const run = async (line: string): Promise<ChildProgram> => {
  const child = await ChildProgram.start({ name: line, file: "/bin/sh", args: ["-c", line], env, cwd: folder });
  running.unshift(child);
  return child;
};

beforeAll(async () => {
  const readme = await readFile(join(folder, "README.md"), "utf8");
  const printed = /```sh\n([\s\S]*?)```/.exec(readme)?.[1] ?? "";
  const [scheduler = 0, storage = 0] = await freePorts(2);
  // As printed, but for the ports, which may be taken here.
  const lines = printed.replaceAll(":8516", `:${scheduler}`).replaceAll(":8517", `:${storage}`).trim().split("\n");
  expect(lines).toHaveLength(3);
  const [servers = "", manager = ""] = lines;
  program = lines[2] ?? "";
  await run(servers);
  await run(manager);
  texts = await mkdtemp(join(tmpdir(), "texts-"));
});
afterAll(async () => {
  for (const child of running) await child[Symbol.asyncDispose]();
  await rm(texts, { recursive: true, force: true });
});

it("counts the project's own pages by the three commands of its README", async () => {
  const child = await run(program);
  const { code } = await child.exited;
  const pages = (await readdir(join(repositoryRoot(), "docs"))).filter((name) => name.endsWith(".md")).toSorted();
  const said = child.stdout.text.trim().split("\n");
  expect(code, child.logs.text).toBe(0);
  expect(said.slice(0, -1)).toEqual(
    pages.map((page) => expect.stringMatching(`^${page}: \\d+ words, \\d+ sentences, reading ease -?\\d+; \\w+ \\d+`)),
  );
  expect(said.at(-1)).toMatch(new RegExp(`^${pages.length} files, 0 failed, \\d+ bytes uploaded$`));
});

it("counts right, and names each file that it cannot count", async () => {
  await mkdir(join(texts, "more"));
  await writeFile(join(texts, "a.txt"), "The cat sat. The cat ran!");
  await writeFile(join(texts, "broken.txt"), Buffer.from([0x41, 0xff, 0xfe]));
  await writeFile(join(texts, "more", "empty.md"), "1 2 3");
  await writeFile(join(texts, "picture.png"), "not a text");
  const child = await run(program.replace("../../docs", texts));
  const { code } = await child.exited;
  expect(code, child.logs.text).toBe(1);
  expect(child.stdout.text).toContain("a.txt: 6 words, 2 sentences, reading ease 119; cat 2, sat 1, ran 1\n");
  expect(child.stdout.text).toMatch(/^3 files, 2 failed, /m);
  expect(child.logs.text).toContain("broken.txt: Error: broken.txt is not UTF-8 text\n");
  expect(child.logs.text).toContain("more/empty.md: Error: more/empty.md has no words\n");
});
