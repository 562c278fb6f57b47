import type { Checks } from "./checks.ts";
import { fargateSizeProblem } from "./fargate-size.ts";
import { isPinnedImage } from "./image.ts";
import { architectureOf, hasGpu } from "./instance-types.ts";
import type { GpuSettings, JobSize, ProvisionSettings } from "./provision-settings.ts";

const VPC = /^vpc-[0-9a-f]{8,17}$/;
const SUBNET = /^subnet-[0-9a-f]{8,17}$/;
// Of a compute environment. Source: CreateComputeEnvironment of the Batch API.
const MOST_SUBNETS = 16;
// 4 MiB is Batch's least; a Python that does anything needs more than this.
const LEAST_MIB = 128;
const PINNED = "an image by digest (name@sha256:...) or by a tag other than latest, so that all machines run the same";

/** Adds what is wrong with where jobs run, and with what. */
export function checkCompute(checks: Checks, settings: ProvisionSettings): void {
  const { compute, purchase, architecture, vpcId, subnets, image, gpu, node, job } = settings;
  checks.that(["ec2", "fargate"].includes(compute), "--compute", "ec2 or fargate", compute);
  const purchases = ["spot", "on-demand", "spot-first"];
  checks.that(purchases.includes(purchase), "--purchase", "spot, on-demand or spot-first", purchase);
  checks.that(["x86_64", "arm64"].includes(architecture), "--architecture", "x86_64 or arm64", architecture);
  // 0 would make an environment that never runs anything, without saying so.
  checks.whole("--max-vcpus", settings.maxVcpus, 1, 100_000, "vCPUs");
  checks.that(vpcId === undefined || VPC.test(vpcId), "--vpc", "an id as vpc-0123456789abcdef0", vpcId);
  checks.that(
    subnets.length <= MOST_SUBNETS && new Set(subnets).size === subnets.length,
    "--subnets",
    `at most ${MOST_SUBNETS}, each once`,
    subnets,
  );
  for (const subnet of subnets)
    checks.that(SUBNET.test(subnet), "--subnets", "ids as subnet-0123456789abcdef0", subnet);
  checks.that(image === undefined || isPinnedImage(image), "--image", PINNED, image);
  checks.that(node?.image === undefined || isPinnedImage(node.image), "--node-image", PINNED, node?.image);
  // Batch: a time-out has at least 60 seconds; Fargate ends a job after 14 days.
  checks.whole("job timeout", settings.jobTimeoutMinutes, 1, 20_160, "minutes");
  const { serviceRoleArn, partition, accountId } = settings;
  checks.that(
    serviceRoleArn === undefined ||
      new RegExp(`^arn:${partition}:iam::${accountId}:role/[\\w+=,.@/-]{1,512}$`).test(serviceRoleArn),
    "--service-role",
    `the ARN of a role of this account, as arn:${partition}:iam::${accountId}:role/...`,
    serviceRoleArn,
  );
  if (compute === "fargate") checkFargate(checks, settings);
  else checkMachines(checks, settings, job);
  if (gpu !== undefined) checkGpu(checks, settings, gpu);
}

function checkFargate(checks: Checks, { instanceTypes, job, purchase, architecture }: ProvisionSettings): void {
  checks.that(
    instanceTypes.length === 0,
    "--instance-types",
    "none with fargate, which has no machines",
    instanceTypes,
  );
  const problem = fargateSizeProblem(job);
  const got = `${job.memoryMiB} MiB for ${job.vcpus} vCPUs`;
  if (problem !== undefined) checks.add(`--vcpus, --memory: expected ${problem}, got ${got}`);
  // Source: the Batch user guide on Fargate; a queue of FARGATE_SPOT alone would wait for ever.
  const unsupported = architecture === "arm64" && purchase !== "on-demand";
  checks.that(
    !unsupported,
    "--purchase",
    "on-demand with arm64 on fargate, whose Spot is not sure to have it",
    purchase,
  );
}

function checkMachines(checks: Checks, settings: ProvisionSettings, job: JobSize): void {
  const { instanceTypes, architecture, tmpMiB, assignPublicIp } = settings;
  const where = "on Fargate only: on EC2 the subnets decide, so name others with --subnets; --public-ip takes it back";
  if (!assignPublicIp) checks.add(`--no-public-ip: expected ${where}`);
  checks.that(
    instanceTypes.length > 0,
    "--instance-types",
    `at least one, such as default_${architecture}`,
    instanceTypes,
  );
  for (const type of instanceTypes) {
    const right = architectureOf(type) === architecture;
    checks.that(right, "--instance-types", `types, families or groups of ${architecture}`, type);
  }
  checkSize(checks, "--", job, settings.maxVcpus);
  // Part of the memory: where that is wrong this is wrong for no reason of its own.
  if (job.memoryMiB >= LEAST_MIB) checks.whole("tmp size", tmpMiB, 1, Math.floor(job.memoryMiB / 2), "MiB");
}

function checkGpu(checks: Checks, { compute, architecture }: ProvisionSettings, gpu: GpuSettings): void {
  checks.that(compute === "ec2", "--compute", "ec2 with GPUs, which Fargate has not", compute);
  const why = "x86_64 with GPUs: Batch's image for them is for those";
  checks.that(architecture === "x86_64", "--architecture", why, architecture);
  checks.that(gpu.instanceTypes.length > 0, "--gpu-instance-types", "at least one, such as g5", gpu.instanceTypes);
  for (const type of gpu.instanceTypes) {
    checks.that(hasGpu(type), "--gpu-instance-types", "types or families of g4dn, g5, g6, p4 and later", type);
  }
  checks.whole("--gpus", gpu.gpus, 1, 16, "GPUs");
  checks.whole("--gpu-max-vcpus", gpu.maxVcpus, 1, 100_000, "vCPUs");
  checkSize(checks, "--gpu-", gpu, gpu.maxVcpus);
  checks.that(gpu.image === undefined || isPinnedImage(gpu.image), "--gpu-image", PINNED, gpu.image);
}

function checkSize(checks: Checks, flag: "--" | "--gpu-", { vcpus, memoryMiB }: JobSize, maxVcpus: number): void {
  checks.whole(`${flag}vcpus`, vcpus, 1, Math.max(1, maxVcpus), "vCPUs (the environment's most)");
  checks.whole(`${flag}memory`, memoryMiB, LEAST_MIB, 25_000_000, "MiB");
}
