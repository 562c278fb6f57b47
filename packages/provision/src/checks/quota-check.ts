import type { ComputeEnvironmentDetail, JobDefinition } from "@aws-sdk/client-batch";
import type { Check } from "@scaler-aws-hpc/adapter-core";
import { type GrowingMachines, quotaFindings } from "../quotas/quota-findings.ts";
import type { DeployedNames } from "./deployed.ts";
import type { NetworkCheckParts } from "./network-check.ts";
import { unlessDenied } from "./role-findings.ts";

/** Whether an account's quotas let a queue's machines grow as far as they may, and the jobs of its profiles run. */
export const quotaCheck = ({
  id,
  queue,
  needs,
  deployed,
  account,
  names,
}: Omit<NetworkCheckParts, "definitions"> & { readonly names: DeployedNames }): Check => ({
  id,
  group: "AWS Batch",
  title: `vCPU quotas of ${queue}`,
  needs,
  limitMs: 30_000,
  async run(options) {
    const looked = await unlessDenied("batch:DescribeComputeEnvironments", async () => ({
      environments: (await deployed.environments([queue])).filter(({ state }) => state !== "DISABLED"),
    }));
    if ("warning" in looked) return [looked.warning];
    const jobs = await Promise.all(
      names.jobsOf(queue).map(async ({ definition, vcpu }) => ({
        name: definition,
        vcpus: Number(vcpu ?? vcpusOf(await deployed.definition(definition))),
      })),
    );
    const { environments } = looked;
    // Machines that AWS Batch does not start itself run jobs whatever the quotas are.
    const own = environments.some(({ computeResources }) => computeResources?.type === undefined);
    return await quotaFindings(await account(), environments.flatMap(growing), own ? [] : jobs, options);
  },
});

/** None where AWS Batch starts nothing itself. */
function growing({ computeResources }: ComputeEnvironmentDetail): readonly GrowingMachines[] {
  const { type, maxvCpus = 0, instanceTypes = [] } = computeResources ?? {};
  return type === undefined ? [] : [{ type, maxVcpus: maxvCpus, instanceTypes }];
}

const vcpusOf = ({ containerProperties }: JobDefinition): string | number =>
  containerProperties?.resourceRequirements?.find(({ type }) => type === "VCPU")?.value ??
  containerProperties?.vcpus ??
  0;
