import { type AbortOptions, type Finding, fault, isAdapterError, ok, warning } from "@scaler-aws-hpc/adapter-core";
import { type MachineKind, quotasOf, type VcpuQuota } from "./vcpu-quotas.ts";

/** Machines that may grow. */
export interface GrowingMachines extends MachineKind {
  /** Most vCPUs of all of them. */
  readonly maxVcpus: number;
}

/** A job that such machines are for. */
export interface WantedJob {
  /** Its definition or profile. */
  readonly name: string;
  readonly vcpus: number;
}

/** Where values of quotas are known. */
export interface QuotaSource {
  readonly region: string;
  /** The account's values by code, none for a quota that it has no value of its own for. @throws {AdapterError} `denied`, `unavailable` */
  vcpuQuotas(quotas: readonly VcpuQuota[], options?: AbortOptions): Promise<ReadonlyMap<string, number>>;
}

interface Grown {
  readonly quota: VcpuQuota;
  readonly vcpus: number;
}

/**
 * Whether an account lets the machines of a queue grow as far as they may, and its jobs run at all. What else runs in the account counts for the same quotas and
 * is not looked at. Nothing but this look needs Service Quotas: where it cannot be asked, whatever the reason, that is a warning.
 */
export async function quotaFindings(
  source: QuotaSource,
  machines: readonly GrowingMachines[],
  jobs: readonly WantedJob[],
  options: AbortOptions = {},
): Promise<readonly Finding[]> {
  const growing = machines.filter(({ maxVcpus }) => maxVcpus > 0);
  const unknown = [...new Set(growing.flatMap((one) => quotasOf(one).unknown))];
  const grown = grownBy(growing);
  const values = await asked(source, grown, options);
  if ("level" in values) return [values];
  const untold = grown.filter(({ quota }) => !values.has(quota.code));
  const short = grown.filter(({ quota, vcpus }) => (values.get(quota.code) ?? vcpus) < vcpus);
  // As long as one of them is not known it may be the one that jobs run by.
  const most =
    unknown.length + untold.length > 0
      ? Number.POSITIVE_INFINITY
      : Math.max(...grown.map(({ quota }) => values.get(quota.code) ?? 0));
  const [first] = grown;
  const faults = jobs.flatMap(({ name, vcpus }) =>
    first !== undefined && vcpus > most ? [fault(neverRuns(name, vcpus, most), more(source, first))] : [],
  );
  const findings = [
    ...faults,
    ...short
      // That is asked for already.
      .filter((one) => faults.length === 0 || one !== first)
      .map((one) =>
        warning(tooFew(one, values.get(one.quota.code) ?? 0), `${more(source, one)}, or let them grow less`),
      ),
    ...untold.map(({ quota }) =>
      warning(`${described(quota)}: Service Quotas tells no value of this account`, CONSOLE),
    ),
    ...(unknown.length === 0 ? [] : [warning(`which quota counts ${unknown.join(", ")} is not known here`, CONSOLE)]),
  ];
  if (findings.length > 0) return findings;
  const fine = grown.map(({ quota, vcpus }) => `${vcpus} of ${values.get(quota.code)} vCPUs of ${described(quota)}`);
  return [ok(fine.length === 0 ? "none: nothing grows here" : `may grow to ${fine.join(", ")}`)];
}

/** How far each quota could be used, in the order of the machines: those of one quota share it. */
function grownBy(machines: readonly GrowingMachines[]): readonly Grown[] {
  const found = new Map<VcpuQuota, number>();
  for (const one of machines) {
    for (const quota of quotasOf(one).quotas) found.set(quota, (found.get(quota) ?? 0) + one.maxVcpus);
  }
  return [...found].map(([quota, vcpus]) => ({ quota, vcpus }));
}

async function asked(
  source: QuotaSource,
  grown: readonly Grown[],
  options: AbortOptions,
): Promise<ReadonlyMap<string, number> | Finding> {
  if (grown.length === 0) return new Map();
  try {
    return await source.vcpuQuotas(
      grown.map(({ quota }) => quota),
      options,
    );
  } catch (reason) {
    if (!isAdapterError(reason)) throw reason;
    const action = "servicequotas:GetServiceQuota";
    return reason.code === "denied"
      ? warning(`could not be looked at: ${action} is not allowed`, `allow ${action}, or ${CONSOLE}`)
      : warning(`could not be looked at: ${reason.message.replace(/^\[[a-z-]+\] /, "")}`, CONSOLE);
  }
}

const CONSOLE = "look at it in the console under Service Quotas";
const described = ({ name, code }: VcpuQuota): string => `${name} (${code})`;

const neverRuns = (name: string, vcpus: number, most: number): string =>
  `a job of ${name} takes ${vcpus} ${vcpus === 1 ? "vCPU" : "vCPUs"}, and the account may run ${most} at once, so it never starts`;

const tooFew = ({ quota, vcpus }: Grown, value: number): string =>
  `may grow to ${vcpus} vCPUs, but the account may run ${value} of ${described(quota)}`;

const more = ({ region }: QuotaSource, { quota, vcpus }: Grown): string =>
  `ask for more: aws service-quotas request-service-quota-increase --region ${region} --service-code ${quota.service} --quota-code ${quota.code} --desired-value ${vcpus}`;
