import { AdapterError } from "@scaler-aws-hpc/adapter-core";
import { expect, it } from "vitest";
import { absentQueue } from "./batch-keeper.ts";

it("takes a queue that is not there for a wrong setting, as start does", () => {
  const said = "listing the jobs of nope: ClientException: Job queue nope does not exist";
  expect(String(absentQueue(new AdapterError("rejected", said), "eu-west-1"))).toBe(
    `AdapterError: [config] ${said}; look at --job-queue, --aws-region (eu-west-1) and the credentials`,
  );
  for (const other of [
    new AdapterError("rejected", "too many filters"),
    new AdapterError("denied", said),
    new Error(said),
  ])
    expect(absentQueue(other, "eu-west-1")).toBe(other);
});
