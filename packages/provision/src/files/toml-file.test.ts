import { parse } from "smol-toml";
import { describe, expect, it } from "vitest";
import { mergeToml } from "./toml-file.ts";

const values = { s3_bucket: "new", job_queue: "q" };

describe("the file for start", () => {
  it("is made with a table that start reads", () => {
    const text = mergeToml("f", undefined, values, { job_timeout_minutes: 60 });
    expect(parse(text)).toEqual({ aws_hpc_worker_manager: { ...values, job_timeout_minutes: 60 } });
    expect(mergeToml("f", text, values, { job_timeout_minutes: 5 })).toBe(text);
  });

  it("keeps what a user added, also comments and other tables", () => {
    const before = `# mine
[scheduler]
s3_bucket = "theirs"

[aws_hpc_worker_manager] # ours
scheduler_address = "tcp://1.2.3.4:1" # keep
s3-bucket = "old"
job_timeout_minutes = 7

[[profile]]
name = "x"
s3_bucket = "theirs too"
`;
    const text = mergeToml("f", before, values, { job_timeout_minutes: 60 });
    expect(parse(text)).toEqual({
      scheduler: { s3_bucket: "theirs" },
      aws_hpc_worker_manager: {
        scheduler_address: "tcp://1.2.3.4:1",
        "s3-bucket": "new",
        job_queue: "q",
        job_timeout_minutes: 7,
      },
      profile: [{ name: "x", s3_bucket: "theirs too" }],
    });
    expect(text).toContain("# mine");
    expect(text).toContain("# keep");
    expect(parse(mergeToml("f", "[other]\na = 1", values))).toEqual({
      other: { a: 1 },
      aws_hpc_worker_manager: values,
    });
  });

  it("is left alone when it cannot be understood", () => {
    expect(() => mergeToml("f.toml", "a = ", values)).toThrow(/^\[config\] f\.toml: expected TOML/);
    const inline = 'aws_hpc_worker_manager = { s3_bucket = "x" }\n';
    expect(() => mergeToml("f.toml", inline, values)).toThrow(/^\[config\] f\.toml/);
  });
});
