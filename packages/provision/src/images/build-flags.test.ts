import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { checkBuildFlags } from "./build-flags.ts";

describe("flags for a build", () => {
  it.each([
    [{ python: "3.8" }, /^\[config\] --python: expected 3\.9, .*--base$/],
    [{ python: "3.14" }, /^\[config\] --python/],
    [{ requirements: "no/such.txt" }, /^\[config\] --requirements: expected a file, but no\/such\.txt is not there$/],
    [{ "node-packages": "." }, /^\[config\] --node-packages: expected a file, but \. is none$/],
  ])("%j are refused", (flags, message) => {
    expect(() => checkBuildFlags(flags)).toThrow(message);
  });

  it("are taken where they can be", () => {
    const requirements = fileURLToPath(import.meta.url);
    expect(() => checkBuildFlags({ python: "3.13", requirements })).not.toThrow();
    expect(() => checkBuildFlags({ python: "3.14", base: "mine:1" })).not.toThrow();
    expect(() => checkBuildFlags({})).not.toThrow();
  });
});
