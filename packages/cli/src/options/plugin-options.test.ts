import type { OptionSpec } from "@scaler-aws-hpc/adapter-core";
import { describe, expect, it } from "vitest";
import { optionsOf, withPluginOptions } from "./plugin-options.ts";
import { resolveOptions } from "./resolve-options.ts";
import { OPTIONS } from "./table.ts";

const owner = (name: string, ...options: OptionSpec[]) => ({ name, options });
const dir: OptionSpec = { name: "store-dir", type: "string", summary: "Directory.", char: "D", default: "/x" };
const bucket: OptionSpec = { name: "s3-bucket", type: "string", summary: "Bucket" };

describe("withPluginOptions", () => {
  it("adds a plugin's options to the table", () => {
    const table = withPluginOptions(OPTIONS, [owner("fs", dir)]);
    expect(table.at(-1)).toMatchObject({ name: "store-dir", short: "D", summary: "Directory (fs)", default: "/x" });
  });

  it("shares an option that exists, and never gives a short name twice", () => {
    const table = withPluginOptions(OPTIONS, [owner("s3", bucket), owner("x", { ...dir, char: "b" })]);
    expect(table.filter(({ name }) => name === "s3-bucket")).toHaveLength(1);
    expect(table.at(-1)).not.toHaveProperty("short");
  });

  it("refuses one name with two types", () => {
    const twin: OptionSpec = { name: "s3-bucket", type: "integer", summary: "" };
    expect(() => withPluginOptions(OPTIONS, [owner("x", twin)])).toThrow(
      "[config] plugin option --s3-bucket of x: expected type string, as elsewhere, got integer",
    );
  });

  it("hands each owner what it declared", () => {
    const own = owner("s3", bucket, dir);
    const options = withPluginOptions(OPTIONS, [own]);
    const resolved = resolveOptions(options, { flags: { "s3-bucket": "b" }, environment: {}, files: [] });
    expect(optionsOf(own, resolved)).toEqual({ "s3-bucket": "b", "store-dir": "/x" });
    expect(optionsOf({ name: "none" }, resolved)).toEqual({});
  });
});
