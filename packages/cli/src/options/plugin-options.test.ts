import type { OptionSpec } from "@scaler-aws-hpc/adapter-core";
import { describe, expect, it } from "vitest";
import { identityOf, optionsOf, requireOptions, withPluginOptions } from "./plugin-options.ts";
import { type OptionSources, resolveOptions } from "./resolve-options.ts";
import { OPTIONS } from "./table.ts";

const owner = (name: string, ...options: OptionSpec[]) => ({ name, options });
const dir: OptionSpec = { name: "store-dir", type: "string", summary: "Directory.", char: "D", default: "/x" };
const bucket: OptionSpec = {
  name: "s3-bucket",
  type: "string",
  summary: "Bucket",
  env: ["SCALER_S3_BUCKET"],
  group: "AWS",
  required: true,
  identifies: true,
};
const queue: OptionSpec = { name: "job-queue", type: "string", summary: "Queue", char: "q", required: true };
const region: OptionSpec = { name: "aws-region", type: "string", summary: "Region. Default: near", identifies: true };
const s3 = owner("s3", bucket, { ...region, env: ["A"], group: "AWS" });
const batch = owner("batch", queue, { ...region, summary: "Another text", env: ["B"] });

const resolve = (sources: Partial<OptionSources>) =>
  resolveOptions(withPluginOptions(OPTIONS, [s3, batch]), { flags: {}, environment: {}, files: [], ...sources });

describe("withPluginOptions", () => {
  it("adds a plugin's options to the table", () => {
    const table = withPluginOptions(OPTIONS, [owner("fs", dir)]);
    expect(table.at(-1)).toMatchObject({ name: "store-dir", short: "D", summary: "Directory (fs)", default: "/x" });
    expect(withPluginOptions(OPTIONS, [batch]).find(({ name }) => name === "job-queue")).toEqual({
      name: "job-queue",
      type: "string",
      short: "q",
      group: "Runners and plugins",
      summary: "Queue (batch, required)",
    });
  });

  it("makes one option of one that several declare, which reads what any of them reads", () => {
    const found = withPluginOptions(OPTIONS, [s3, batch]).filter(({ name }) => name === "aws-region");
    const merged = { summary: "Region (s3, batch)", defaultText: "near", env: ["A", "B"], group: "AWS" };
    expect(found).toEqual([expect.objectContaining(merged)]);
  });

  it("leaves the program's own option as it is, and never gives a short name twice", () => {
    const python: OptionSpec = { name: "python", type: "string", summary: "Another text", char: "p" };
    const table = withPluginOptions(OPTIONS, [owner("local", python), owner("x", { ...dir, char: "b" })]);
    expect(table.filter(({ name }) => name === "python")).toEqual(OPTIONS.filter(({ name }) => name === "python"));
    expect(table.at(-1)).not.toHaveProperty("short");
  });

  it("refuses one name with two types", () => {
    const twin: OptionSpec = { name: "s3-bucket", type: "integer", summary: "" };
    expect(() => withPluginOptions(OPTIONS, [s3, owner("x", twin)])).toThrow(
      "[config] plugin option --s3-bucket of x: expected type string, as elsewhere, got integer",
    );
  });
});

describe("what an owner gets", () => {
  it("is what it declared", () => {
    const own = owner("s3", bucket, dir);
    const options = withPluginOptions(OPTIONS, [own]);
    const resolved = resolveOptions(options, { flags: { "s3-bucket": "b" }, environment: {}, files: [] });
    expect(optionsOf(own, resolved)).toEqual({ "s3-bucket": "b", "store-dir": "/x" });
    expect(optionsOf({ name: "none" }, resolved)).toEqual({});
  });

  it("has to be there where it is required: one line for each that is not", () => {
    expect(() => requireOptions([s3, batch], resolve({}))).toThrow(
      `[config] s3 needs --s3-bucket: Bucket; give --s3-bucket, set SCALER_AWS_HPC_S3_BUCKET or SCALER_S3_BUCKET, or write s3_bucket in a file
[config] batch needs --job-queue: Queue; give --job-queue or -q, set SCALER_AWS_HPC_JOB_QUEUE, or write job_queue in a file`,
    );
    const flags = { "s3-bucket": "b", "job-queue": "q" };
    expect(() => requireOptions([s3, batch], resolve({ flags }))).not.toThrow();
  });

  it("identifies the deployment where it says so", () => {
    const flags = { "s3-bucket": "b", "job-queue": "q", "aws-region": "r" };
    expect(identityOf([s3, batch], resolve({ flags }))).toEqual(["aws-region=r", "s3-bucket=b"]);
    expect(identityOf([s3], resolve({}))).toEqual([]);
  });
});
