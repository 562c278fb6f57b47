import type { JobSize, ProvisionSettings } from "../settings/provision-settings.ts";

/** vCPUs of sizes that have the same everywhere, but for `t` and GPUs of old. Source: the tables of https://aws.amazon.com/ec2/instance-types/ */
const SIZES: ReadonlyMap<string, number> = new Map([
  ["medium", 1],
  ["large", 2],
  ["xlarge", 4],
]);

/** GiB for each vCPU, by what a family begins with; those with disks or a faster network have no less. Same source. */
const MEMORY: readonly (readonly [RegExp, number])[] = [
  [/^c[5-8][agid-]*$/, 2],
  [/^m[5-8][agid-]*$/, 4],
  [/^r[5-8][agid-]*$/, 8],
  [/^(?:g4dn|g5|g6)$/, 4],
];

/** What a machine has; `undefined` where it is not known here. */
export interface MachineSize {
  readonly vcpus: number;
  readonly memoryMiB: number | undefined;
}

/** Size of an instance type by its name; `undefined` for families, groups and names that say nothing of it. */
export function machineSize(type: string): MachineSize | undefined {
  const [family = "", size = ""] = type.split(".");
  const [, count] = /^(\d+)xlarge$/.exec(size) ?? [];
  // Those of the families t and a1 are others.
  if (/^[at]\d/.test(family)) return undefined;
  const vcpus = count === undefined ? SIZES.get(size) : 4 * Number(count);
  if (vcpus === undefined) return undefined;
  const perVcpu = MEMORY.find(([families]) => families.test(family))?.[1];
  return { vcpus, memoryMiB: perVcpu === undefined ? undefined : vcpus * perVcpu * 1024 };
}

/** Jobs that would wait for ever: larger than each of the machines that may be started for them, as far as their sizes are known. A sentence for each. */
export function tooLargeJobs({ compute, job, instanceTypes, gpu }: ProvisionSettings): readonly string[] {
  if (compute === "fargate") return [];
  const gpuJob = gpu && tooLarge(gpu, gpu.instanceTypes, "gpu-");
  return [tooLarge(job, instanceTypes, ""), gpuJob].filter((text) => text !== undefined);
}

// Smaller ones are of families that are not known above.
const SIZE = /^(?:nano|micro|small|medium|large|\d*xlarge|metal(?:-\d+xl)?)$/;

/** Types of no size that EC2 has: a family's name says too little to tell. A sentence for each. */
export function unknownSizes({
  instanceTypes,
  gpu,
}: Pick<ProvisionSettings, "instanceTypes" | "gpu">): readonly string[] {
  const of = (types: readonly string[], flag: string): readonly string[] =>
    types.flatMap((type) => {
      const [, size] = type.split(".");
      if (size === undefined || SIZE.test(size)) return [];
      return [
        `--${flag}: ${type} is of no size that is known here, and AWS Batch starts none that EC2 has not; look at its name`,
      ];
    });
  return [...of(instanceTypes, "instance-types"), ...of(gpu?.instanceTypes ?? [], "gpu-instance-types")];
}

function tooLarge({ vcpus, memoryMiB }: JobSize, types: readonly string[], flag: string): string | undefined {
  const sizes = types.map(machineSize);
  const fits = sizes.some(
    (size) =>
      size === undefined || (size.vcpus >= vcpus && (size.memoryMiB === undefined || size.memoryMiB >= memoryMiB)),
  );
  if (fits) return undefined;
  const had = sizes.map((size, index) => {
    const memory = size?.memoryMiB === undefined ? "" : ` and ${size.memoryMiB} MiB`;
    return `${types[index]} ${size?.vcpus}${memory}`;
  });
  return `a job takes ${vcpus} vCPUs and ${memoryMiB} MiB, which none of the machines has (vCPUs: ${had.join(", ")}), so it never starts; say larger --${flag}instance-types, or smaller --${flag}vcpus and --${flag}memory`;
}
