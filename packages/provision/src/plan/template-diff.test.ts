import { expect, it } from "vitest";
import type { Template } from "../templates/template.ts";
import { diffTemplates } from "./template-diff.ts";

const template = (Resources: Template["Resources"]): Template => ({
  AWSTemplateFormatVersion: "2010-09-09",
  Description: "a test",
  Resources,
});

it("tells what is added, changed and removed, and where", () => {
  const before = template({
    Same: { Type: "AWS::S3::Bucket", Properties: { A: { B: [1, 2] } } },
    Other: { Type: "AWS::Batch::ComputeEnvironment", Properties: { A: { B: 1, C: 1 }, D: [1] } },
    Gone: { Type: "AWS::Logs::LogGroup", Properties: {} },
  });
  const after = template({
    Same: { Type: "AWS::S3::Bucket", Properties: { A: { B: [1, 2] } } },
    Other: {
      Type: "AWS::Batch::ComputeEnvironment",
      Properties: { A: { B: 2, C: 1 }, D: [2] },
      DeletionPolicy: "Retain",
    },
    New: { Type: "AWS::IAM::Role", Properties: {} },
  });
  expect(diffTemplates(before, after)).toEqual([
    {
      action: "modify",
      logicalId: "Other",
      type: "AWS::Batch::ComputeEnvironment",
      paths: ["Properties.A.B", "Properties.D", "DeletionPolicy"],
    },
    { action: "add", logicalId: "New", type: "AWS::IAM::Role", paths: [] },
    { action: "remove", logicalId: "Gone", type: "AWS::Logs::LogGroup", paths: [] },
  ]);
  expect(diffTemplates(after, after)).toEqual([]);
  expect(diffTemplates(undefined, after)).toHaveLength(3);
});
