const steps = (least: number, most: number, step: number): readonly number[] =>
  Array.from({ length: Math.floor((most - least) / step) + 1 }, (_, at) => least + at * step);

/** Memory in MiB that Fargate has for so many vCPUs: nothing in between is taken. Source: ResourceRequirement of the Batch API. */
const MEMORY: ReadonlyMap<string, readonly number[]> = new Map([
  ["0.25", [512, 1024, 2048]],
  ["0.5", steps(1024, 4096, 1024)],
  ["1", steps(2048, 8192, 1024)],
  ["2", steps(4096, 16_384, 1024)],
  ["4", steps(8192, 30_720, 1024)],
  ["8", steps(16_384, 61_440, 4096)],
  ["16", steps(32_768, 122_880, 8192)],
]);

/** Why Fargate has no such size, with the nearest it has; `undefined` when it does, or may: of other numbers of vCPUs nothing is known here. */
export function fargateRefusal(vcpu: string, memory: number): string | undefined {
  const sizes = MEMORY.get(vcpu);
  if (sizes === undefined || sizes.includes(memory)) return undefined;
  const enough = sizes.find((size) => size >= memory) ?? sizes.at(-1);
  return `Fargate has no ${vcpu} vCPU with ${memory} MiB; the nearest is ${enough} MiB`;
}
