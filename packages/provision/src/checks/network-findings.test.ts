import { describe, expect, it } from "vitest";
import { type NetworkFacts, type NetworkWants, networkFindings } from "./network-findings.ts";

const EVERY = ["s3", "ecr.api", "ecr.dkr", "logs", "ecs", "ecs-agent", "ecs-telemetry"];
const subnet = { id: "subnet-1", vpc: "vpc-1", publicAddress: false };
const main = { id: "rtb-1", vpc: "vpc-1", main: true, subnets: [] };
const endpoints = (services: readonly string[], tables: "all" | readonly string[] = "all") =>
  services.map((service) => ({ vpc: "vpc-1", service, tables }));
const facts = (change: Partial<NetworkFacts>): NetworkFacts => ({
  ...{ subnets: [subnet], tables: [main], endpoints: [], groups: [{ id: "sg-1", letsOut: true }] },
  ...change,
});
const EC2: NetworkWants = { fargate: false, assignsAddress: false };
const FARGATE: NetworkWants = { fargate: true, assignsAddress: false };
const told = (change: Partial<NetworkFacts>, wants = EC2) =>
  networkFindings(facts(change), wants).map(({ level, text }) => `${level} ${text}`);

describe("networkFindings", () => {
  it.each([
    ["a NAT", { tables: [{ ...main, outward: "nat-1" }] }, EC2],
    ["a transit gateway", { tables: [{ ...main, outward: "tgw-1" }] }, FARGATE],
    ["the internet", { tables: [{ ...main, outward: "igw-1" }], subnets: [{ ...subnet, publicAddress: true }] }, EC2],
    ["the internet from Fargate", { tables: [{ ...main, outward: "igw-1" }] }, { fargate: true, assignsAddress: true }],
    ["endpoints", { endpoints: endpoints(EVERY) }, EC2],
    ["endpoints for Fargate", { endpoints: endpoints(EVERY.slice(0, 4)) }, FARGATE],
    ["a gateway of S3", { endpoints: [...endpoints(EVERY.slice(1)), ...endpoints(["s3"], ["rtb-1"])] }, EC2],
  ] as const)("takes %s for a way", (_what, change, wants) => {
    expect(told(change as Partial<NetworkFacts>, wants)).toEqual(["ok subnet-1: there is a way to S3, ECR and Logs"]);
  });

  it("names what cannot be reached", () => {
    expect(told({})).toEqual(["fault subnet-1: no way to S3, ECR, Logs, ECS: route table rtb-1 leads nowhere outside"]);
    expect(told({ endpoints: endpoints(["ecr.api", "ecr.dkr", "logs"]) }, FARGATE)).toEqual([
      expect.stringMatching(/^fault subnet-1: no way to S3:/),
    ]);
    // A gateway of S3 that the subnet's own table does not use.
    const own = { id: "rtb-2", vpc: "vpc-1", main: false, subnets: ["subnet-1"] };
    const elsewhere = [...endpoints(EVERY.slice(1)), ...endpoints(["s3"], ["rtb-1"])];
    expect(told({ tables: [main, own], endpoints: elsewhere })).toEqual([
      expect.stringMatching(/no way to S3: .*rtb-2/),
    ]);
  });

  it("says when nothing gets a public address, for sure or perhaps", () => {
    const open = { tables: [{ ...main, outward: "igw-1" }] };
    expect(told(open)).toEqual([expect.stringMatching(/^fault .*internet gateway, but .* no public address$/)]);
    expect(told(open, { fargate: false, assignsAddress: undefined })).toEqual([
      expect.stringMatching(/^warning .*unless the launch template says so$/),
    ]);
    // What a subnet assigns does not count for containers on Fargate.
    const subnets = [{ ...subnet, publicAddress: true }];
    expect(told({ ...open, subnets }, FARGATE)).toEqual([expect.stringMatching(/^fault .*no public address/)]);
  });

  it("says what is wrong with several subnets once", () => {
    const subnets = [subnet, { ...subnet, id: "subnet-2" }];
    expect(told({ subnets })).toEqual([expect.stringMatching(/^fault subnet-1, subnet-2: no way to S3/)]);
    const own = { id: "rtb-2", vpc: "vpc-1", main: false, subnets: ["subnet-2"], outward: "igw-1" };
    expect(told({ subnets, tables: [main, own] })).toHaveLength(2);
  });

  it("names a security group that lets nothing out", () => {
    const groups = [{ id: "sg-1", letsOut: false }];
    expect(told({ groups, endpoints: endpoints(EVERY) })).toEqual(["fault security group sg-1 lets nothing out"]);
  });
});
