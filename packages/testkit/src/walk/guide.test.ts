import { describe, expect, it } from "vitest";
import { missingLine, readGuide } from "../../test-support/walk/guide.ts";

const PAGE = `
# A guide

\`\`\`bash
echo one
\`\`\`

\`\`\`text
one

\`\`\`

\`\`\`bash terminal=server exit=3
serve
\`\`\`

\`\`\`python file=first.py
print(1)
\`\`\`

\`\`\`toml
only = "read"
\`\`\`

<!-- Ctrl-C server exit=130 -->
`;

describe("a guide", () => {
  it("is what its reader does, in order", () => {
    expect(readGuide(PAGE)).toEqual([
      { kind: "commands", line: 4, text: "echo one", terminal: undefined, exit: 0, shown: ["one"] },
      { kind: "commands", line: 13, text: "serve", terminal: "server", exit: 3, shown: [] },
      { kind: "file", line: 17, name: "first.py", text: "print(1)\n" },
      { kind: "interrupt", line: 25, terminal: "server", exit: 130, shown: [] },
    ]);
  });

  it("has nothing that is not tried", () => {
    expect(() => readGuide("```console\n$ ls\n```\n")).toThrow("line 1: a block of console");
    expect(() => readGuide("```text\nbehind nothing\n```\n")).toThrow("line 1: a block of text");
    expect(() => readGuide("```bash\nls\n")).toThrow("line 1: the block has no end");
  });
});

describe("what is shown", () => {
  it("is there in its order, and may leave out what differs", () => {
    expect(missingLine(["made a... of 3", "done (ok)"], "x\nmade   apples of 3!\nall is\tdone (ok).")).toBeUndefined();
    expect(missingLine(["b", "a"], "a\nb\n")).toBe("a");
    expect(missingLine(["a ... c"], "a\nc")).toBe("a ... c");
    expect(missingLine(["a.c"], "abc")).toBe("a.c");
  });
});
