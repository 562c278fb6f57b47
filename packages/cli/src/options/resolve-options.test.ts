import { describe, expect, it } from "vitest";
import type { ConfigFile } from "./config-file.ts";
import { withPluginOptions } from "./plugin-options.ts";
import { type OptionSources, resolveOptions } from "./resolve-options.ts";
import { OPTIONS } from "./table.ts";

const file = (entries: Record<string, unknown>, path = "f.toml"): ConfigFile => ({ path, table: "[t]", entries });
const resolve = (sources: Partial<OptionSources>) =>
  resolveOptions(OPTIONS, { flags: {}, environment: {}, files: [], ...sources });
const jobs = (sources: Partial<OptionSources>) => {
  const found = resolve(sources).options.get("max-concurrent-jobs");
  return [found?.value, found?.origin.kind];
};

describe("resolveOptions", () => {
  const flags = { "max-concurrent-jobs": "1" };
  const environment = { SCALER_AWS_HPC_MAX_CONCURRENT_JOBS: "2" };
  const files = [file({ "max-concurrent-jobs": 3 }), file({ "max-concurrent-jobs": 4 })];

  it("takes flags before variables before files before defaults", () => {
    expect(jobs({ flags, environment, files })).toEqual([1, "flag"]);
    expect(jobs({ environment, files })).toEqual([2, "environment"]);
    expect(jobs({ files })).toEqual([3, "file"]);
    expect(jobs({ files: files.slice(1) })).toEqual([4, "file"]);
    expect(jobs({})).toEqual([undefined, undefined]);
    expect(resolve({}).options.get("backend")).toMatchObject({ value: "batch", origin: { kind: "default" } });
  });

  it("reads the variables of the original's environment file, after ours", () => {
    const owner = {
      name: "s3",
      options: [{ name: "s3-bucket", type: "string", summary: "Bucket", env: ["SCALER_S3_BUCKET"] } as const],
    };
    const options = withPluginOptions(OPTIONS, [owner]);
    const bucket = (environment: Record<string, string>) =>
      resolveOptions(options, { flags: {}, environment, files: [] }).options.get("s3-bucket")?.value;
    expect(bucket({ SCALER_S3_BUCKET: "a" })).toBe("a");
    expect(bucket({ SCALER_S3_BUCKET: "a", SCALER_AWS_HPC_S3_BUCKET: "b" })).toBe("b");
  });

  it("says when a variable that others read too counts before a file", () => {
    const owner = {
      name: "s3",
      options: [{ name: "region", type: "string", summary: "R", env: ["AWS_REGION"] } as const],
    };
    const options = withPluginOptions(OPTIONS, [owner]);
    const files = [file({ region: "eu-central-1" })];
    const warnings = (environment: Record<string, string>, flags = {}) =>
      resolveOptions(options, { flags, environment, files }).warnings;
    expect(warnings({ AWS_REGION: "us-east-1" })).toEqual([
      "AWS_REGION says us-east-1, which counts before region = eu-central-1 in f.toml; give --region eu-central-1, or unset the variable, where the file is meant",
    ]);
    expect(warnings({ AWS_REGION: "eu-central-1" })).toEqual([]);
    expect(warnings({ AWS_REGION: "us-east-1" }, { region: "us-west-2" })).toEqual([]);
    expect(warnings({ AWS_REGION: "us-east-1", SCALER_AWS_HPC_REGION: "us-west-2" })).toEqual([]);
  });

  it("reads other names of an option from files", () => {
    expect(resolve({ files: [file({ "job-timeout": 5 })] }).options.get("job-timeout-minutes")?.value).toBe(5);
    const both = file({ "job-timeout": 5, "job-timeout-minutes": 6 });
    expect(() => resolve({ files: [both] })).toThrow("job-timeout-minutes and job-timeout mean the same; keep one");
  });

  it("takes an empty variable for one that is not set", () => {
    expect(jobs({ environment: { SCALER_AWS_HPC_MAX_CONCURRENT_JOBS: "" }, files })).toEqual([3, "file"]);
  });

  it("says where a bad value stands, also where a better one wins", () => {
    expect(() => resolve({ flags: { "max-concurrent-jobs": "x" } })).toThrow(
      '[usage] --max-concurrent-jobs: expected a whole number, got "x"',
    );
    expect(() => resolve({ flags, environment: { SCALER_AWS_HPC_MAX_CONCURRENT_JOBS: "0" } })).toThrow(
      "[config] SCALER_AWS_HPC_MAX_CONCURRENT_JOBS: expected 1 to 1000000",
    );
    expect(() => resolve({ files: [file({ "max-concurrent-jobs": "many" })] })).toThrow(
      "[config] f.toml [t] max_concurrent_jobs: expected a whole number",
    );
    expect(() => resolve({ flags: { "scheduler-address": "here" } })).toThrow(
      /^\[usage\] --scheduler-address: "here": there/,
    );
  });

  it("refuses unknown keys with a guess", () => {
    expect(() => resolve({ files: [file({ "max-concurent-jobs": 1 })] })).toThrow(
      '[config] f.toml [t]: unknown key "max_concurent_jobs"; did you mean max_concurrent_jobs?',
    );
    expect(() => resolve({ files: [file({ zzz: 1 })] })).toThrow(/unknown key "zzz"$/);
    expect(() => resolve({ files: [file({ config: "x" })] })).toThrow(/unknown key "config"/);
  });

  it("warns once of all that is ignored, and of variables that look mistyped", () => {
    const { warnings, options } = resolve({
      flags: { "io-threads": "2" },
      environment: { SCALER_AWS_HPC_MAX_CONCURENT_JOBS: "1", SCALER_AWS_HPC_SERVICE_HOST: "10.0.0.1" },
      files: [file({ "event-loop": "uvloop" })],
    });
    expect(warnings).toEqual([
      "unknown variable SCALER_AWS_HPC_MAX_CONCURENT_JOBS; did you mean SCALER_AWS_HPC_MAX_CONCURRENT_JOBS?",
      "accepted and ignored: --io-threads (Node has its own), --event-loop (Node has one)",
    ]);
    expect(options.has("io-threads")).toBe(false);
  });
});
