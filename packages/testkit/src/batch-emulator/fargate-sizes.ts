import { clientFault } from "./api-refusal.ts";

/** Sizes in MiB that go with each number of vCPUs on Fargate: the least, the most, and the step between. */
const SIZES: Readonly<Record<string, readonly [number, number, number]>> = {
  "0.25": [512, 2_048, 512],
  "0.5": [1_024, 4_096, 1_024],
  "1": [2_048, 8_192, 1_024],
  "2": [4_096, 16_384, 1_024],
  "4": [8_192, 30_720, 1_024],
  "8": [16_384, 61_440, 4_096],
  "16": [32_768, 122_880, 8_192],
};

/** Judges the resources of a job of a queue on Fargate. @throws {ApiRefusal} `ClientException` for pairs that Fargate has not */
export function checkFargate(resources: Readonly<Record<string, string>>): void {
  const { VCPU: vcpu = "", MEMORY: memory = "", GPU: gpu } = resources;
  if (gpu !== undefined) throw clientFault("GPU resource requirements are not supported on Fargate");
  const [least, most, step] = SIZES[String(Number(vcpu))] ?? [1, 0, 1];
  const size = Number(memory);
  // 1536 of a quarter is no size, though a multiple of 512.
  const fits = size >= least && size <= most && (size - least) % step === 0 && !(least === 512 && size === 1_536);
  if (!fits) throw clientFault(`Fargate resource requirements (${vcpu} vCPU, ${memory} MiB) not valid.`);
}

/** Judges the resources of a job of a queue on EC2. @throws {ApiRefusal} `ClientException` for parts of a vCPU */
export function checkEc2(resources: Readonly<Record<string, string>>): void {
  const vcpus = Number(resources["VCPU"] ?? "1");
  if (!Number.isInteger(vcpus)) throw clientFault(`VCPU ${vcpus} is not valid on EC2: it has to be a whole number`);
}
