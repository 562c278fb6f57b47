import type { Architecture } from "../settings/provision-settings.ts";

/** Where the prices below are from, and how old they are: printed beside every number that is made of them. */
export const PRICE_SOURCE = {
  region: "us-east-1",
  date: "2026-06",
  urls: ["https://aws.amazon.com/ec2/pricing/on-demand/", "https://aws.amazon.com/fargate/pricing/"],
} as const;

/**
 * US dollars for one vCPU of On-Demand Linux for an hour, by family; of the dearest size where sizes differ. Spot costs at most as much.
 * Source: {@link PRICE_SOURCE}.
 */
const FAMILIES: Readonly<Record<string, number>> = {
  m5: 0.048,
  m5a: 0.043,
  m6a: 0.0432,
  m6g: 0.0385,
  m6i: 0.048,
  m7a: 0.05796,
  m7g: 0.0408,
  m7i: 0.0504,
  m8g: 0.04488,
  c5: 0.0425,
  c5a: 0.0385,
  c6a: 0.03825,
  c6g: 0.034,
  c6i: 0.0425,
  c7a: 0.05132,
  c7g: 0.03625,
  c7i: 0.044625,
  c8g: 0.03988,
  r5: 0.063,
  r6a: 0.0567,
  r6g: 0.0504,
  r6i: 0.063,
  r7a: 0.07608,
  r7g: 0.05355,
  r7i: 0.06615,
  r8g: 0.05892,
  g4dn: 0.1315,
  g5: 0.2515,
  g6: 0.2012,
};

/** What AWS Batch's own names stand for. */
const GROUPS: Readonly<Record<string, readonly string[]>> = {
  optimal: ["m6i", "c6i", "r6i", "c7i"],
  default_x86_64: ["m6i", "c6i", "r6i", "c7i"],
  default_arm64: ["m6g", "c6g", "r6g", "c7g"],
};

const FARGATE: Readonly<Record<Architecture, { readonly vcpu: number; readonly gib: number }>> = {
  x86_64: { vcpu: 0.04048, gib: 0.004445 },
  arm64: { vcpu: 0.03238, gib: 0.00356 },
};

/** Dollars for a vCPU-hour of the dearest of these types; `undefined` when one of them is not in the list. */
export function machinePrice(instanceTypes: readonly string[]): number | undefined {
  const families = instanceTypes.flatMap((type) => GROUPS[type] ?? [type.split(".")[0] ?? type]);
  const prices = families.map((family) => FAMILIES[family]);
  const known = prices.filter((price) => price !== undefined);
  return known.length === prices.length && known.length > 0 ? Math.max(...known) : undefined;
}

/** Dollars for a vCPU-hour on Fargate, with the memory that goes with it. */
export function fargatePrice(architecture: Architecture, gibPerVcpu: number): number {
  const { vcpu, gib } = FARGATE[architecture];
  return vcpu + gibPerVcpu * gib;
}
