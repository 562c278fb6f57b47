/** A quota of an account: how many vCPUs of a kind may run at once in a region. */
export interface VcpuQuota {
  /** As Service Quotas names the service. */
  readonly service: "ec2" | "fargate";
  readonly code: string;
  /** What it counts, in words. */
  readonly name: string;
}

/** Machines, by how they are bought and what they are. */
export interface MachineKind {
  /** `EC2`, `SPOT`, `FARGATE` or `FARGATE_SPOT`, as AWS Batch has it. */
  readonly type: string;
  /** Types, families and groups of AWS Batch; nothing on Fargate. */
  readonly instanceTypes: readonly string[];
}

const ec2 = (code: string, name: string): VcpuQuota => ({ service: "ec2", code, name });

/**
 * Quotas of instances, by the letters that a family begins with. Others (F, Inf, Trn, DL, HPC and such) are no machines for these jobs.
 *
 * Source: https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/ec2-on-demand-instances.html and
 * https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/using-spot-limits.html; the codes of Spot stand in the console of Service Quotas.
 */
const FAMILIES = [
  {
    of: /^(?:[acdhimrtz]|im|is|optimal|default)$/,
    onDemand: ec2("L-1216C47A", "On-Demand standard instances"),
    spot: ec2("L-34B43A08", "Spot standard instances"),
  },
  {
    of: /^(?:g|gr|vt)$/,
    onDemand: ec2("L-DB2E81BA", "On-Demand G and VT instances"),
    spot: ec2("L-3819A6DF", "Spot G and VT instances"),
  },
  {
    of: /^p$/,
    onDemand: ec2("L-417A185B", "On-Demand P instances"),
    spot: ec2("L-7212CCBC", "Spot P instances"),
  },
  {
    of: /^x$/,
    onDemand: ec2("L-7295265B", "On-Demand X instances"),
    spot: ec2("L-E3A00192", "Spot X instances"),
  },
] as const;

/** Source: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-quotas.html; the codes stand in the console of Service Quotas. */
const FARGATE = {
  onDemand: { service: "fargate", code: "L-3032A538", name: "On-Demand Fargate" },
  spot: { service: "fargate", code: "L-36FBB829", name: "Spot Fargate" },
} as const satisfies Record<string, VcpuQuota>;

/** Every quota that is asked for: what a policy has to allow. */
export const VCPU_QUOTAS: readonly VcpuQuota[] = [...FAMILIES, FARGATE].flatMap(({ onDemand, spot }) => [
  onDemand,
  spot,
]);

/** The quotas that count what machines of a kind have, each once; and the types whose quota is not known here. */
export function quotasOf({ type, instanceTypes }: MachineKind): {
  readonly quotas: readonly VcpuQuota[];
  readonly unknown: readonly string[];
} {
  const bought = type.endsWith("SPOT") ? "spot" : "onDemand";
  if (type.startsWith("FARGATE")) return { quotas: [FARGATE[bought]], unknown: [] };
  const found = instanceTypes.map((name) => {
    const [letters = ""] = /^[a-z]+/.exec(name) ?? [];
    return { name, quota: FAMILIES.find(({ of }) => of.test(letters))?.[bought] };
  });
  return {
    quotas: [...new Set(found.flatMap(({ quota }) => quota ?? []))],
    unknown: found.flatMap(({ name, quota }) => (quota === undefined ? [name] : [])),
  };
}
