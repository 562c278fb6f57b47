import { describe, expect, it } from "vitest";
import { COMMON, VARIANTS } from "../../test-support/variants.ts";
import { type ProvisionChoices, provisionSettings } from "../settings/index.ts";
import { baseTemplate } from "./base-template.ts";
import { plannedEnvironments } from "./compute/environments.ts";
import { computeTemplate } from "./compute-template.ts";
import type { Resource } from "./template.ts";

const compute = (choices: Partial<ProvisionChoices> = {}) =>
  computeTemplate(provisionSettings({ ...COMMON, ...choices }));
const ofType = (resources: Readonly<Record<string, Resource>>, type: string): readonly Resource[] =>
  Object.values(resources).filter(({ Type }) => Type === type);
const everyCompute = [...VARIANTS].map(([name, settings]) => [name, computeTemplate(settings).Resources] as const);

describe("the base stack", () => {
  it("keeps the bucket private, encrypted, and from growing", () => {
    const { Bucket } = baseTemplate(provisionSettings(COMMON)).Resources;
    expect(Bucket?.Properties).toMatchObject({
      PublicAccessBlockConfiguration: {
        BlockPublicAcls: true,
        BlockPublicPolicy: true,
        IgnorePublicAcls: true,
        RestrictPublicBuckets: true,
      },
      OwnershipControls: { Rules: [{ ObjectOwnership: "BucketOwnerEnforced" }] },
      LifecycleConfiguration: {
        Rules: [
          {
            Prefix: "scaler-tasks/",
            ExpirationInDays: 14,
            AbortIncompleteMultipartUpload: { DaysAfterInitiation: 14 },
          },
        ],
      },
    });
  });

  it("lets an image of the user's be pulled from another repository of ECR, and from no other", () => {
    const pull = (image: string): unknown => {
      const role = baseTemplate(provisionSettings({ ...COMMON, image })).Resources["ExecutionRole"];
      const text = JSON.stringify(role);
      return [...text.matchAll(/"(arn:aws:ecr:[^"]+)"/g)].map(([, arn]) => arn);
    };
    const own = "arn:aws:ecr:eu-west-1:123456789012:repository/scaler-aws-hpc";
    expect(pull("docker.io/library/python:3.12")).toEqual([own]);
    expect(pull("210987654321.dkr.ecr.us-east-1.amazonaws.com/team/runner:7")).toEqual([
      own,
      "arn:aws:ecr:us-east-1:210987654321:repository/team/runner",
    ]);
  });

  it("has no machines' role where there are no machines", () => {
    const resources = baseTemplate(provisionSettings({ ...COMMON, compute: "fargate" })).Resources;
    expect(Object.keys(resources).filter((id) => id.startsWith("Instance"))).toEqual([]);
  });
});

describe("the compute stack", () => {
  it("needs a VPC, subnets and an image", () => {
    for (const missing of [{ vpcId: undefined }, { subnets: [] }, { image: undefined }, { node: {} }]) {
      expect(() => compute(missing)).toThrow(/^\[config\] the compute stack of scaler-aws-hpc: expected settings with/);
    }
  });

  it("names no environment, and changes them in place", () => {
    for (const [name, resources] of everyCompute) {
      const environments = ofType(resources, "AWS::Batch::ComputeEnvironment");
      expect(environments.length, name).toBeGreaterThan(0);
      for (const { Properties } of environments) {
        expect(Properties).not.toHaveProperty("ComputeEnvironmentName");
        expect(Properties["ReplaceComputeEnvironment"]).toBe(false);
        // Whatever a user may change is not among the tags: CloudFormation would replace the environment.
        expect(Object.keys(Object(Properties["Tags"]))).toEqual(["scaler-aws-hpc:deployment"]);
        const machines = /^(?:EC2|SPOT)$/.test(String(Object(Properties["ComputeResources"]).Type));
        if (machines) expect(Properties["UpdatePolicy"]).toMatchObject({ TerminateJobsOnUpdate: false });
      }
    }
  });

  it("keeps the revision that a running manager submits to", () => {
    for (const [name, resources] of everyCompute) {
      const definitions = ofType(resources, "AWS::Batch::JobDefinition");
      expect(definitions.length, name).toBeGreaterThan(0);
      for (const { Properties } of definitions) {
        expect(Properties["ResourceRetentionPolicy"]).toEqual({ SkipDeregisterOnUpdate: true });
      }
    }
  });

  it("runs every job as nobody in particular, with nothing to write to but memory or an empty volume", () => {
    for (const [, resources] of everyCompute) {
      for (const { Properties } of ofType(resources, "AWS::Batch::JobDefinition")) {
        expect(Properties["ContainerProperties"]).toMatchObject({ User: "10001:10001", ReadonlyRootFilesystem: true });
        expect(JSON.stringify(Properties)).not.toContain('"Privileged":true');
      }
    }
  });

  it("lets nothing in", () => {
    for (const [, resources] of everyCompute) {
      const groups = ofType(resources, "AWS::EC2::SecurityGroup");
      expect(groups.map(({ Properties }) => Properties["SecurityGroupIngress"])).toEqual([[]]);
      expect(ofType(resources, "AWS::EC2::SecurityGroupIngress")).toEqual([]);
    }
  });

  it("gives machines metadata by IMDSv2 only, and their containers none", () => {
    const data = Object(compute().Resources["LaunchTemplate"]?.Properties["LaunchTemplateData"]);
    expect(data.MetadataOptions).toMatchObject({ HttpTokens: "required", HttpPutResponseHopLimit: 1 });
    const text = Buffer.from(data.UserData, "base64").toString();
    expect(text).toMatch(/^MIME-Version: 1.0\nContent-Type: multipart\/mixed; boundary="([^"]+)"\n\n--\1\n/);
    expect(text).toContain("! --uid-owner 0 --jump REJECT");
    expect(text.trimEnd().endsWith("--==SCALER-AWS-HPC==--")).toBe(true);
  });

  it("asks Spot first, and pays more only behind it", () => {
    const types = (choices: Partial<ProvisionChoices>) =>
      plannedEnvironments(provisionSettings({ ...COMMON, ...choices })).map(({ type, gpu }) =>
        gpu ? `${type} gpu` : type,
      );
    expect(types({})).toEqual(["SPOT", "EC2"]);
    expect(types({ purchase: "spot" })).toEqual(["SPOT"]);
    expect(types({ purchase: "on-demand", gpu: {} })).toEqual(["EC2", "EC2 gpu"]);
    expect(types({ compute: "fargate" })).toEqual(["FARGATE_SPOT", "FARGATE"]);
    expect(compute({ gpu: {} }).Resources["GpuQueue"]?.Properties["ComputeEnvironmentOrder"]).toEqual([
      { Order: 1, ComputeEnvironment: { Ref: "GpuSpot" } },
      { Order: 2, ComputeEnvironment: { Ref: "GpuOnDemand" } },
    ]);
  });

  it("makes what cannot be changed anew, under another id and another name", () => {
    const ids = (choices: Partial<ProvisionChoices>) =>
      Object.entries(compute(choices).Resources)
        .filter(([, { Type }]) => Type.startsWith("AWS::Batch::"))
        .map(([id, { Properties }]) => `${id} ${Properties["JobQueueName"] ?? Properties["JobDefinitionName"] ?? ""}`);
    const kinds = [{}, { architecture: "arm64" }, { compute: "fargate" }] as const;
    const all = kinds.flatMap((kind) => ids({ ...kind, purchase: "on-demand", node: { image: "node:1" } }));
    expect(new Set(all).size).toBe(all.length);
  });

  it("gives the Node runner the same definition but for its image and name", () => {
    const { JobDefinition, JobNodeDefinition } = compute({ node: { image: "node:1" } }).Resources;
    expect(JobNodeDefinition).toEqual({
      ...JobDefinition,
      Properties: {
        ...JobDefinition?.Properties,
        JobDefinitionName: "scaler-aws-hpc_node",
        ContainerProperties: { ...Object(JobDefinition?.Properties["ContainerProperties"]), Image: "node:1" },
      },
    });
  });
});
