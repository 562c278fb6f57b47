import { describe, expect, it } from "vitest";
import { deriveManagerId, deriveWorkerManagerId } from "./manager-id.ts";

describe("manager ids", () => {
  const identity = { host: "Host.example", backend: "local", schedulerAddress: "tcp://127.0.0.1:8516" };
  const places = ["aws-region=eu-west-1", "job-queue=q", "s3-bucket=My.bucket", "s3-prefix=p"];

  it("are the same for the same deployment and differ otherwise", () => {
    const id = deriveWorkerManagerId(identity);
    expect(id).toMatch(/^host-example-local-[0-9a-f]{8}$/);
    expect(deriveWorkerManagerId({ ...identity })).toBe(id);
    expect(deriveWorkerManagerId({ ...identity, schedulerAddress: "tcp://127.0.0.1:8517" })).not.toBe(id);
    expect(deriveWorkerManagerId({ ...identity, host: "host-example" })).not.toBe(id);
  });

  it("follow the places, not the host, where there are any", () => {
    const batch = { ...identity, backend: "batch", places };
    const id = deriveWorkerManagerId(batch);
    expect(id).toMatch(/^my-bucket-batch-[0-9a-f]{8}$/);
    expect(deriveWorkerManagerId({ ...batch, host: "another" })).toBe(id);
    expect(deriveWorkerManagerId({ ...batch, places: [...places, "x=y"] })).not.toBe(id);
  });

  it("have a form that keys and job names take, whatever the user wrote", () => {
    expect(deriveManagerId("local", "näme with | and /")).toMatch(/^[0-9a-f]{16}$/);
    expect(deriveManagerId("local", "a")).not.toBe(deriveManagerId("batch", "a"));
    expect(deriveManagerId("batch", "a", places)).not.toBe(deriveManagerId("batch", "a", places.slice(1)));
  });

  // Jobs and leases of a running deployment have these names: another value orphans them.
  it("never change", () => {
    expect(deriveManagerId("batch", "prod", ["aws-region=us-east-1", "s3-bucket=b", "s3-prefix=scaler-tasks"])).toBe(
      "475a47abb3354e20",
    );
    expect(deriveManagerId("local", "prod")).toBe("0d09060df41b3a59");
  });
});
