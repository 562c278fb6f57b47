import { existsSync, globSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, expect, it } from "vitest";
import { repositoryRoot } from "../scaler/repository.ts";

const root = repositoryRoot();
const pages = globSync(["*.md", "docs/*.md", "packages/*/README.md", "packages/provision/images/README.md"], {
  cwd: root,
});

/** Names that a page's headings are linked by. */
function anchors(file: string): ReadonlySet<string> {
  const headings = [...readFileSync(file, "utf8").matchAll(/^#+ (.*)$/gm)].map(([, text = ""]) => text);
  return new Set(
    headings.map((text) =>
      text
        .toLowerCase()
        .replace(/[^\p{L}\p{N}_\- ]/gu, "")
        .replaceAll(" ", "-"),
    ),
  );
}

/** Links of a page to files and headings that are not there. */
function broken(page: string): readonly string[] {
  const text = readFileSync(join(root, page), "utf8").replace(/^```.*?^```$/gms, "");
  const links = [...text.matchAll(/\]\(([^)\s]+)\)/g)].map(([, link = ""]) => link);
  return links.filter((link) => {
    if (/^[a-z]+:/.test(link)) return false;
    const [path = "", anchor] = link.split("#");
    const file = path === "" ? join(root, page) : join(root, dirname(page), path);
    return !existsSync(file) || (anchor !== undefined && !anchors(file).has(anchor));
  });
}

describe("links of the documentation", () => {
  it.each(pages)("of %s lead somewhere", (page) => {
    expect(broken(page)).toEqual([]);
  });
});

describe("symptoms in the guide to AWS Batch", () => {
  /** Words of AWS and of Docker. */
  const THEIRS = ["CannotPullContainerError", "AccessDenied"];

  it("are what the programs say", () => {
    const page = readFileSync(join(root, "docs", "aws-batch-setup.md"), "utf8");
    const [, table = ""] = page.split("## When something is wrong");
    const first = [...(table.split("\n## ")[0]?.matchAll(/^\| (.*?) \|/gm) ?? [])].map(([, cell = ""]) => cell);
    const said = first.flatMap((cell) => [...cell.matchAll(/`([^`]+)`/g)].map(([, words = ""]) => words));
    expect(said.length).toBeGreaterThan(8);
    const files = globSync("packages/*/{src,python}/**/*.{ts,py}", {
      cwd: root,
      exclude: (name) => /\.test\.ts$/.test(String(name)),
    });
    const source = files.map((file) => readFileSync(join(root, file), "utf8")).join("\n");
    const parts = said.flatMap((words) => words.split(/ ?\.\.\. ?/)).filter((part) => !THEIRS.includes(part));
    expect(parts.filter((part) => !source.includes(part))).toEqual([]);
  });
});
