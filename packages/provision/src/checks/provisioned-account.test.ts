import type { ComputeEnvironmentDetail, JobDefinition } from "@aws-sdk/client-batch";
import { type CheckHost, type Finding, systemClock } from "@scaler-aws-hpc/adapter-core";
import { expect, it } from "vitest";
import { provisionSettings } from "../settings/index.ts";
import type { ProvisionSettings } from "../settings/provision-settings.ts";
import { deploymentArns, repositoryUri } from "../templates/arns.ts";
import { executionPolicy } from "../templates/policies/execution-policy.ts";
import { jobPolicy } from "../templates/policies/job-policy.ts";
import { managerPolicy } from "../templates/policies/manager-policy.ts";
import type { PolicyDocument } from "../templates/policies/policy-document.ts";
import { resourceNames } from "../templates/resource-names.ts";
import type { CheckedAccount, Simulation } from "./account-port.ts";
import { localPython } from "./local-python.ts";
import { startChecks } from "./start-checks.ts";

/** Whether a pattern of a policy means a text. */
const means = (pattern: string, text: string): boolean =>
  new RegExp(`^${pattern.split("*").map(escaped).join(".*")}$`).test(text);
const escaped = (text: string): string => text.replaceAll(/[.*+?^${}()|[\]\\]/g, "\\$&");

/** Which actions a policy does not allow: as much of IAM's simulator as our policies use. */
function deniedBy({ Statement }: PolicyDocument, { actions, resource, context = {} }: Simulation): readonly string[] {
  return actions.filter(
    (action) =>
      !Statement.some(
        ({ Action, Resource = [], Condition = {} }) =>
          Action.some((pattern) => means(pattern, action)) &&
          Resource.some((pattern) => means(pattern, resource)) &&
          Object.values(Condition).every((keys) =>
            Object.entries(keys).every(([key, values]) =>
              [values].flat().some((value) => means(value, context[key] ?? "-")),
            ),
          ),
      ),
  );
}

/** An account in which `provision` has made what these settings say. */
async function provisioned(settings: ProvisionSettings): Promise<CheckedAccount> {
  const { region, accountId: account, compute, architecture } = settings;
  const names = resourceNames(settings);
  const arns = deploymentArns(settings);
  const fargate = compute === "fargate";
  const policies = new Map([
    [arns.jobRole, jobPolicy(settings)],
    [arns.executionRole, executionPolicy(settings)],
    [`arn:aws:iam::${account}:role/manager`, managerPolicy(settings)],
  ]);
  const environment = {
    computeResources: {
      ...{ type: fargate ? "FARGATE" : "SPOT", maxvCpus: 256, subnets: ["subnet-1"] },
      ...(fargate ? {} : { instanceTypes: [...settings.instanceTypes], launchTemplate: {} }),
    },
  } as unknown as ComputeEnvironmentDetail;
  const definition = {
    jobDefinitionArn: `${arns.definition}:3`,
    containerProperties: {
      image: `${repositoryUri(settings)}:1`,
      jobRoleArn: arns.jobRole,
      ...(fargate && { executionRoleArn: arns.executionRole, networkConfiguration: { assignPublicIp: "ENABLED" } }),
      ...(fargate && architecture === "arm64" && { runtimePlatform: { cpuArchitecture: "ARM64" } }),
      logConfiguration: { logDriver: "awslogs", options: { "awslogs-group": names.logGroup } },
    },
  } as unknown as JobDefinition;
  const labels = { "scaler-aws-hpc.runner": "python", "scaler-aws-hpc.python": (await localPython({})) ?? "" };
  return {
    region,
    caller: async () => ({ account, arn: `arn:aws:sts::${account}:assumed-role/manager/session` }),
    owns: async () => true,
    role: async (name) => ({ arn: `arn:aws:iam::${account}:role/${name}`, trusted: ["ecs-tasks.amazonaws.com"] }),
    denied: async (simulation) =>
      deniedBy(policies.get(simulation.principal) ?? { Version: "2012-10-17", Statement: [] }, simulation),
    image: async () => [{ architecture: architecture === "arm64" ? "arm64" : "amd64", labels, command: [] }],
    queue: async () => ({ arn: arns.queue, environments: [environment] }),
    definition: async () => definition,
    vcpuQuotas: async (quotas) => new Map(quotas.map(({ code }) => [code, 256])),
    network: async () => ({
      subnets: [{ id: "subnet-1", vpc: "vpc-1", publicAddress: true }],
      tables: [{ id: "rtb-1", vpc: "vpc-1", main: true, subnets: [], outward: "igw-1" }],
      endpoints: [],
      groups: [],
    }),
  };
}

async function findings(
  settings: ProvisionSettings,
  account: CheckedAccount,
): Promise<readonly (Finding & { id: string })[]> {
  const { queue, definition } = resourceNames(settings);
  const deployment = {
    backend: { name: "batch", options: { "job-queue": queue, "job-definition": definition } },
    store: { name: "s3", options: { "s3-bucket": settings.bucket, "s3-prefix": settings.prefix } },
  };
  const log = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };
  const host: CheckHost = {
    ...{ clock: systemClock, log, managerId: "m", storeName: "s3", purpose: "start", defer: () => {} },
    profiles: [{ name: "default", slots: 1, capabilities: {}, settings: {} }],
    ...{ runners: [], runnerOptions: {} },
  };
  const checks = startChecks(deployment, host, async () => account);
  const found = await Promise.all(
    checks.map(async (check) => (await check.run({})).map((one) => ({ id: check.id, ...one }))),
  );
  return found.flat();
}

const base = { region: "eu-west-1", accountId: "123456789012" };

it.each([
  ["defaults", base],
  ["Fargate", { ...base, compute: "fargate" }],
  ["Fargate on arm64", { ...base, compute: "fargate", architecture: "arm64", purchase: "on-demand" }],
  ["arm64 without a prefix", { ...base, architecture: "arm64", prefix: "" }],
] as const)("finds nothing wrong in what provision makes: %s", async (_what, choices) => {
  const settings = provisionSettings(choices);
  const found = await findings(settings, await provisioned(settings));
  expect(found.filter(({ level }) => level !== "ok")).toEqual([]);
  expect(found.map(({ id }) => id)).toEqual(
    expect.arrayContaining([
      "iam-manager",
      "iam-job-role",
      "iam-execution-role",
      "ecr-image",
      "image-python",
      "vpc-network",
      "vcpu-quotas",
      "iam-spot-role",
    ]),
  );
});

it("sees when a role lacks what it needs", async () => {
  const settings = provisionSettings({ ...base, compute: "fargate" });
  const account = await provisioned(settings);
  const poor: CheckedAccount = {
    ...account,
    denied: async (simulation) => simulation.actions.filter((action) => /PutLogEvents|SubmitJob/.test(action)),
  };
  const faults = (await findings(settings, poor)).filter(({ level }) => level === "fault");
  expect(faults.map(({ id }) => id)).toEqual(["iam-manager", "iam-manager", "iam-execution-role"]);
});
