import { expect, it } from "vitest";
import { givenFlags, shellWord } from "./given-flags.ts";

const flag = (name: string, input: string) => ({ type: "flag", flag: name, input }) as const;

it("repeats what was given, ready for a shell", () => {
  const raw = [
    flag("prefix", "d1"),
    flag("max-vcpus", "64"),
    flag("node", "--no-node"),
    flag("public-ip", "--public-ip"),
    flag("subnets", ""),
    flag("tag", "a=it's b"),
    flag("emit", "folder"),
    { type: "arg" } as const,
  ];
  const flags = { node: { type: "boolean" }, "public-ip": { type: "boolean" }, tag: { type: "option" } };
  expect(givenFlags(raw, flags)).toBe(` --max-vcpus 64 --no-node --public-ip --subnets= --tag 'a=it'\\''s b'`);
  expect(givenFlags([], flags)).toBe("");
});

it.each([
  ["scaler-aws-hpc.toml", "scaler-aws-hpc.toml"],
  ["we ird$(id).toml", "'we ird$(id).toml'"],
  ["", "''"],
])("quotes %j where it has to", (text, word) => {
  expect(shellWord(text)).toBe(word);
});
