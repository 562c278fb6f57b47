import type { Interfaces } from "@oclif/core";
import { AdapterError } from "@scaler-aws-hpc/adapter-core";
import type { Choices } from "../deployment/choices.ts";
import type { ImageChoice } from "../deployment/planned-image.ts";
import type { CHOICE_FLAGS } from "./choice-flags.ts";

/** Values of {@link CHOICE_FLAGS}. */
export type ChoiceValues = Interfaces.InferredFlags<typeof CHOICE_FLAGS>;

/** What `--image` says for an image that is built. */
const BUILD = "auto";

/**
 * What the flags say; what they do not say is `undefined`.
 * @param before what was chosen before: what memory means depends on what jobs run on
 * @throws {AdapterError} `config`
 */
export function readChoices(flags: ChoiceValues, before: Choices): Choices {
  const compute = flags.compute ?? before.compute;
  const memory = (mebibytes: number | undefined): number | undefined =>
    mebibytes === undefined || compute === "fargate" ? mebibytes : onMachine(mebibytes);
  const job = { vcpus: vcpusOf(flags.vcpus), memoryMiB: memory(flags.memory) };
  const gpu = {
    instanceTypes: list(flags["gpu-instance-types"]),
    gpus: flags.gpus,
    vcpus: flags["gpu-vcpus"],
    memoryMiB: memory(flags["gpu-memory"]),
    maxVcpus: flags["gpu-max-vcpus"],
    image: flags["gpu-image"],
  };
  return {
    image: flags.image === BUILD ? undefined : flags.image,
    job: any(job),
    maxVcpus: flags["max-vcpus"],
    instanceTypes: list(flags["instance-types"]),
    bucket: flags["s3-bucket"],
    prefix: flags["s3-prefix"],
    lifecycleDays: flags["lifecycle-days"],
    kmsKeyArn: flags["kms-key"],
    repository: flags.repository,
    logRetentionDays: flags["log-retention-days"],
    tags: flags.tag && tagsOf(flags.tag),
    compute: flags.compute,
    purchase: flags.purchase,
    architecture: flags.architecture,
    vpcId: flags.vpc,
    subnets: list(flags.subnets),
    assignPublicIp: flags["public-ip"],
    serviceRoleArn: flags["service-role"],
    gpu: any(gpu),
    node: nodeOf(flags),
  };
}

/** JavaScript tasks are asked for by each flag that says something of them. */
function nodeOf({ node, "node-image": image, "node-packages": packages }: ChoiceValues): Choices["node"] {
  const asked = node || image !== undefined || packages !== undefined;
  return asked ? { image: image === BUILD ? undefined : image } : undefined;
}

/**
 * What the flags say of the images.
 * @param nodeRunner file of the Node runner, where there is one
 */
export function readImageChoice(flags: ChoiceValues, nodeRunner: string | undefined): ImageChoice {
  const { image, python, requirements, base, "node-image": nodeImage, "node-packages": packageFile } = flags;
  const how = { python, requirements, base };
  assertOne("--image", image, "--python, --requirements and --base", Object.values(how));
  assertOne("--node-image", nodeImage, "--node-packages", [packageFile]);
  return { build: image === BUILD, ...how, node: { build: nodeImage === BUILD, program: nodeRunner, packageFile } };
}

/** An image is named, or it is said how to build one. */
function assertOne(flag: string, image: string | undefined, others: string, how: readonly unknown[]): void {
  if (image === undefined || image === BUILD || how.every((value) => value === undefined)) return;
  const text = `${flag}: expected none, or ${BUILD}, beside ${others}, which say how to build one, got ${JSON.stringify(image)}`;
  throw new AdapterError("config", text);
}

/** Machines need a tenth of what is printed on them for themselves: as in the original, without its steps of 2 GiB. */
const onMachine = (mebibytes: number): number => Math.floor(mebibytes * 0.9);

const list = (text: string | undefined): readonly string[] | undefined =>
  text
    ?.split(",")
    .map((part) => part.trim())
    .filter((part) => part !== "");

const any = <T extends object>(fields: T): T | undefined =>
  Object.values(fields).some((value) => value !== undefined) ? fields : undefined;

function vcpusOf(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  if (/^\d+(?:\.\d+)?$/.test(text)) return Number(text);
  throw new AdapterError("config", `--vcpus: expected a number, got ${JSON.stringify(text)}`);
}

function tagsOf(pairs: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    pairs.map((pair) => {
      const equals = pair.indexOf("=");
      if (equals > 0) return [pair.slice(0, equals), pair.slice(equals + 1)];
      throw new AdapterError("config", `--tag: expected KEY=VALUE, got ${JSON.stringify(pair)}`);
    }),
  );
}
