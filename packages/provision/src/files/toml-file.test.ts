import { parse } from "smol-toml";
import { describe, expect, it } from "vitest";
import { mergeToml, readToml } from "./toml-file.ts";

const values = { s3_bucket: "new", job_queue: "q" };

describe("the file for start", () => {
  it("is made with a table that start reads", () => {
    const text = mergeToml("f", undefined, { values, defaults: { job_timeout_minutes: 60 } });
    expect(parse(text)).toEqual({ aws_hpc_worker_manager: { ...values, job_timeout_minutes: 60 } });
    expect(mergeToml("f", text, { values, defaults: { job_timeout_minutes: 5 } })).toBe(text);
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
    const text = mergeToml("f", before, { values, defaults: { job_timeout_minutes: 60 } });
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
    expect(parse(mergeToml("f", "[other]\na = 1", { values }))).toEqual({
      other: { a: 1 },
      aws_hpc_worker_manager: values,
    });
  });

  it("is left alone when it cannot be understood", () => {
    expect(() => mergeToml("f.toml", "a = ", { values })).toThrow(/^\[config\] f\.toml: expected TOML/);
    const inline = 'aws_hpc_worker_manager = { s3_bucket = "x" }\n';
    expect(() => mergeToml("f.toml", inline, { values })).toThrow(/^\[config\] f\.toml/);
  });

  it.each([
    ["[aws_hpc_worker_adapter]\ns3_bucket = 'x'", "[aws_hpc_worker_adapter]"],
    ['[worker_manager]\ntype = "aws_hpc"', "[worker_manager]"],
    ['[[worker_manager]]\ntype = "native"\n\n[[worker_manager]]\ntype = "aws_hpc"', "[[worker_manager]]\ns3_bucket"],
  ])("is changed in the table that start reads: %s", (before, there) => {
    const text = mergeToml("f", before, { values });
    expect(readToml("f", text)).toMatchObject(values);
    expect(text).not.toContain("aws_hpc_worker_manager");
    expect(text).toContain(there);
    expect(text.match(/job_queue/g)).toHaveLength(1);
  });

  it("with two tables of ours is refused, as start does", () => {
    const two = "[aws_hpc_worker_manager]\n[aws_hpc_worker_adapter]";
    expect(() => mergeToml("f", two, { values })).toThrow(
      /^\[config\] f: expected one table .*got \[aws_hpc_worker_manager\], \[aws_hpc_worker_adapter\]/,
    );
  });

  it("loses what it should not say any more, in our table alone", () => {
    const before = '[aws_hpc_worker_manager]\nnode-job-definition = "d1_node"\n[other]\nnode_job_definition = "x"\n';
    const text = mergeToml("f", before, { values, dropped: ["node_job_definition"] });
    expect(parse(text)).toEqual({ aws_hpc_worker_manager: values, other: { node_job_definition: "x" } });
  });
});
