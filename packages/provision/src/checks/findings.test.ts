import { AdapterError } from "@scaler-aws-hpc/adapter-core";
import { describe, expect, it } from "vitest";
import type { RoleFacts, Simulation } from "./account-port.ts";
import { callerFindings, principalOf } from "./caller-findings.ts";
import { imageFindings, pythonFinding } from "./image-findings.ts";
import { imageReference } from "./image-reference.ts";
import { localPython } from "./local-python.ts";
import { roleFindings } from "./role-findings.ts";
import { trustedBy } from "./sdk-iam.ts";

const denied = async (): Promise<never> => {
  throw new AdapterError("denied", "iam: not allowed; allow it");
};

describe("imageReference", () => {
  const registry = "123456789012.dkr.ecr.eu-west-1.amazonaws.com";
  const where = { account: "123456789012", region: "eu-west-1" };
  it.each([
    [`${registry}/a/b:v1.2`, { ...where, repository: "a/b", tag: "v1.2" }],
    [`${registry}/a`, { ...where, repository: "a", tag: "latest" }],
    [`${registry}/a:1@sha256:${"0".repeat(64)}`, { ...where, repository: "a", digest: `sha256:${"0".repeat(64)}` }],
    [
      "123456789012.dkr.ecr.cn-north-1.amazonaws.com.cn/a:1",
      { ...where, region: "cn-north-1", repository: "a", tag: "1" },
    ],
    ["python:3.12", undefined],
    ["public.ecr.aws/x/y:1", undefined],
    ["", undefined],
  ])("reads %s", (image, expected) => {
    expect(imageReference(image)).toEqual(expected);
  });
});

describe("an image", () => {
  const platform = (architecture: string, labels: Record<string, string> = { "scaler-aws-hpc.runner": "python" }) => ({
    ...{ architecture, labels, command: [] as string[] },
  });
  const told = (...given: Parameters<typeof imageFindings>) =>
    imageFindings(...given).map(({ level, text }) => `${level} ${text}`);

  it("is there for the machines, with a runner", () => {
    expect(told("i", [platform("amd64"), platform("arm64")], ["arm64"])).toEqual([
      "ok is there, built for amd64, arm64",
    ]);
    const entry = { ...platform("amd64", {}), command: ["python", "/app/scaler_runner.py"] };
    expect(told("i", [entry], [])).toEqual(["ok is there, built for amd64"]);
  });

  it("is not, or is not right", () => {
    expect(told("i", undefined, ["amd64"])).toEqual(["fault i is not there"]);
    expect(told("i", [platform("amd64")], ["amd64", "arm64"])).toEqual([
      "fault i is built for amd64, but its jobs run on arm64",
    ]);
    expect(told("i", [platform("amd64", {})], ["amd64"])[1]).toMatch(/^warning neither its labels/);
    expect(told("i", [], ["amd64"])[0]).toMatch(/^warning i: what it is built for/);
  });

  it("is compared by its minor version of Python", async () => {
    const image = [platform("amd64", { "scaler-aws-hpc.python": "3.12" })];
    expect(pythonFinding(image, "3.12.4").level).toBe("ok");
    expect(pythonFinding(image, "3.1.2").level).toBe("warning");
    expect(pythonFinding(image, undefined).level).toBe("ok");
    expect(pythonFinding([platform("amd64")], "3.12.4").text).toBe("the image does not say which it has");
    expect(await localPython({ interpreter: "/nowhere/python" })).toBeUndefined();
    expect(await localPython({})).toMatch(/^3\.\d+\.\d+$/);
  });
});

describe("roleFindings", () => {
  const tasks: RoleFacts = { arn: "arn:aws:iam::1:role/x", trusted: ["ecs-tasks.amazonaws.com"] };
  const want = (action: string) => ({ actions: [action], resource: "*" });
  const wants = { must: [want("s3:GetObject"), want("s3:PutObject")], mustNot: [want("batch:DescribeJobs")] };
  const account = (role: RoleFacts | undefined, ...refused: readonly string[]) => ({
    role: async () => role,
    denied: async ({ actions }: Simulation) => actions.filter((action) => refused.includes(action)),
  });
  const told = async (given: Parameters<typeof roleFindings>[0]) =>
    (await roleFindings(given, "arn:aws:iam::1:role/path/x", wants)).map(({ level, text }) => `${level} ${text}`);

  it("tells what a role may and may not do", async () => {
    expect(await told(account(tasks, "batch:DescribeJobs"))).toEqual(["ok x may do s3:GetObject, s3:PutObject"]);
    expect(await told(account(tasks, "s3:PutObject"))).toEqual(["fault x may not do s3:PutObject on *"]);
    expect((await told(account(tasks)))[1]).toBe("warning x may do more than tasks need: batch:DescribeJobs");
  });

  it("tells of a role that is not there, or is for others", async () => {
    expect(await told(account(undefined))).toEqual(["fault x does not exist"]);
    expect(await told(account({ ...tasks, trusted: ["ec2.amazonaws.com"] }))).toEqual([
      "fault x may not be taken by ecs-tasks.amazonaws.com",
    ]);
  });

  it("warns where it may not look", async () => {
    expect(await told({ ...account(tasks), role: denied })).toEqual([
      "warning could not be looked at: iam:GetRole is not allowed",
    ]);
    expect(await told({ ...account(tasks), denied })).toEqual([
      "warning could not be looked at: iam:SimulatePrincipalPolicy is not allowed",
    ]);
  });

  it("reads trust policies as IAM gives them", () => {
    const document = {
      Statement: [
        { Effect: "Allow", Principal: { Service: ["a", "b"], AWS: "c" } },
        { Effect: "Deny", Principal: "*" },
      ],
    };
    expect(trustedBy(encodeURIComponent(JSON.stringify(document)))).toEqual(["a", "b", "c"]);
    expect(trustedBy("%")).toEqual([]);
    expect(trustedBy(undefined)).toEqual([]);
  });
});

describe("the caller", () => {
  const found: RoleFacts = { arn: "arn:aws:iam::1:role/aws-reserved/sso/admin", trusted: [] };
  it.each([
    ["arn:aws:iam::1:user/me", "arn:aws:iam::1:user/me"],
    ["arn:aws:sts::1:assumed-role/admin/session", found.arn],
    ["arn:aws:iam::1:root", undefined],
  ])("%s has the policies of %s", async (arn, principal) => {
    expect(await principalOf({ role: async () => found }, { account: "1", arn })).toBe(principal);
  });

  it("is told what is missing, and that it could not be asked", async () => {
    const caller = async () => ({ account: "1", arn: "arn:aws:iam::1:user/me" });
    const role = async () => undefined;
    const wanted = [{ actions: ["batch:SubmitJob", "batch:TagResource"], resource: "arn" }];
    const refuse = async () => ["batch:SubmitJob"];
    expect(await callerFindings({ caller, role, denied: refuse }, wanted)).toMatchObject([
      { level: "fault", code: "denied", text: "batch:SubmitJob on arn is not allowed" },
    ]);
    expect(await callerFindings({ caller, role, denied: async () => [] }, wanted)).toMatchObject([{ level: "ok" }]);
    expect(await callerFindings({ caller, role, denied }, wanted)).toMatchObject([{ level: "warning" }]);
  });
});
