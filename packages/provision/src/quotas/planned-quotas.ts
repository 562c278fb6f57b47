import type { AbortOptions, Finding } from "@scaler-aws-hpc/adapter-core";
import type { ProvisionSettings } from "../settings/provision-settings.ts";
import { plannedEnvironments } from "../templates/compute/environments.ts";
import { type QuotaSource, quotaFindings } from "./quota-findings.ts";

/** What {@link quotaFindings} says of the queues that settings ask for: the plain one, and that of jobs with GPUs. */
export async function plannedQuotas(
  source: QuotaSource,
  settings: ProvisionSettings,
  options: AbortOptions = {},
): Promise<readonly Finding[]> {
  const { job, gpu } = settings;
  const machines = plannedEnvironments(settings);
  const queues = [
    { jobs: [{ name: "this size", vcpus: job.vcpus }], of: machines.filter((one) => !one.gpu) },
    ...(gpu
      ? [{ jobs: [{ name: "this size with GPUs", vcpus: gpu.vcpus }], of: machines.filter((one) => one.gpu) }]
      : []),
  ];
  return (await Promise.all(queues.map(({ of, jobs }) => quotaFindings(source, of, jobs, options)))).flat();
}
