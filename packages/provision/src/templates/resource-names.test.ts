import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { COMMON } from "../../test-support/variants.ts";
import type { ProvisionChoices } from "../settings/index.ts";
import { provisionSettings } from "../settings/index.ts";
import { deploymentArns } from "./arns.ts";
import { resourceNames } from "./resource-names.ts";

const word = fc.stringMatching(/^[a-z][a-z0-9]{0,9}$/);
const deployment = fc
  .array(word, { minLength: 1, maxLength: 4 })
  .map((words) => words.join("-"))
  .filter((name) => name.length >= 2 && name.length <= 32 && !/^(?:xn-|sthree-)/.test(name));
const region = fc.constantFrom("us-east-1", "ap-southeast-4", "us-gov-west-1", "cn-northwest-1", "us-isof-south-1");
const choices: fc.Arbitrary<ProvisionChoices> = fc.record({
  deployment,
  region,
  accountId: fc.stringMatching(/^\d{12}$/),
  architecture: fc.constantFrom("x86_64" as const, "arm64" as const),
  compute: fc.constantFrom("ec2" as const, "fargate" as const),
  purchase: fc.constant("on-demand" as const),
});

describe("names", () => {
  it("are such as each service takes, for every deployment", () => {
    fc.assert(
      fc.property(choices, (chosen) => {
        const settings = provisionSettings(chosen);
        const names = resourceNames(settings);
        for (const role of [names.jobRole, names.executionRole, names.instanceRole]) {
          expect(role).toMatch(/^[\w+=,.@-]{1,64}$/);
        }
        expect(names.instanceProfile).toMatch(/^[\w+=,.@-]{1,128}$/);
        expect(names.managerPolicy).toMatch(/^[\w+=,.@-]{1,128}$/);
        for (const stack of [names.baseStack, names.computeStack])
          expect(stack).toMatch(/^[a-zA-Z][-a-zA-Z0-9]{0,127}$/);
        const { queue, definition, gpuQueue, gpuDefinition, nodeDefinition } = names;
        for (const name of [queue, definition, gpuQueue, gpuDefinition, nodeDefinition]) {
          expect(name).toMatch(/^[A-Za-z0-9][A-Za-z0-9_-]{0,127}$/);
        }
        expect(names.logGroup).toMatch(/^[.\-_/#A-Za-z0-9]{1,512}$/);
        expect(settings.bucket).toMatch(/^[a-z0-9][a-z0-9-]{1,61}[a-z0-9]$/);
        expect(settings.repository).toMatch(/^[a-z0-9]+(?:-[a-z0-9]+)*$/);
      }),
    );
  });

  it("of one deployment are none of another's", () => {
    const all = (chosen: ProvisionChoices): readonly string[] => {
      const settings = provisionSettings(chosen);
      const names = resourceNames(settings);
      const batch = [names.queue, names.gpuQueue, names.nodeDefinition].map((name) => `batch ${name}`);
      const iam = [names.jobRole, names.executionRole, names.instanceRole, names.managerPolicy];
      const stacks = [names.baseStack, names.computeStack].map((name) => `stack ${name}`);
      return [...batch, ...iam, ...stacks, names.logGroup, `s3 ${settings.bucket}`, `ecr ${settings.repository}`];
    };
    fc.assert(
      fc.property(choices, deployment, fc.boolean(), (one, name, tail) => {
        const other = tail ? `${one.deployment}-${name}`.slice(0, 32).replace(/-$/, "") : name;
        fc.pre(other !== one.deployment);
        const names = new Set(all(one));
        expect(all({ ...one, deployment: other }).filter((taken) => names.has(taken))).toEqual([]);
      }),
    );
  });

  it("are not taken by another region of the account where the account has them", () => {
    const here = resourceNames(provisionSettings(COMMON));
    const there = resourceNames(provisionSettings({ ...COMMON, region: "eu-west-2" }));
    expect(here.jobRole).not.toBe(there.jobRole);
    expect(here.managerPolicy).not.toBe(there.managerPolicy);
  });

  it("make ARNs of the region's partition", () => {
    const arns = deploymentArns(provisionSettings({ region: "us-gov-west-1", accountId: "123456789012" }));
    expect(arns.queue).toBe("arn:aws-us-gov:batch:us-gov-west-1:123456789012:job-queue/scaler-aws-hpc");
    expect(arns.jobRole).toBe("arn:aws-us-gov:iam::123456789012:role/scaler-aws-hpc_us-gov-west-1_job");
  });
});
