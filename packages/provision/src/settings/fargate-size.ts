import type { JobSize } from "./provision-settings.ts";

/** vCPUs: least, most and step of the memory in MiB; 0.25 alone has no even steps. Source: ResourceRequirement of the Batch API. */
const SIZES: ReadonlyMap<number, readonly [number, number, number]> = new Map([
  [0.25, [512, 2048, 512]],
  [0.5, [1024, 4096, 1024]],
  [1, [2048, 8192, 1024]],
  [2, [4096, 16_384, 1024]],
  [4, [8192, 30_720, 1024]],
  [8, [16_384, 61_440, 4096]],
  [16, [32_768, 122_880, 8192]],
]);

/** What would be a size that Fargate has, when this is none; `undefined` when it is one. */
export function fargateSizeProblem({ vcpus, memoryMiB }: JobSize): string | undefined {
  const size = SIZES.get(vcpus);
  if (size === undefined) return `${[...SIZES.keys()].join(", ")} vCPUs on fargate`;
  const [least, most, step] = size;
  const fits = memoryMiB >= least && memoryMiB <= most && (memoryMiB - least) % step === 0;
  if (fits && !(vcpus === 0.25 && memoryMiB === 1536)) return undefined;
  const steps = vcpus === 0.25 ? "512, 1024 or 2048" : `${least} to ${most} in steps of ${step}`;
  return `${steps} MiB for ${vcpus} vCPUs on fargate`;
}
