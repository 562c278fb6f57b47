import type { Interfaces } from "@oclif/core";
import { AdapterError } from "@scaler-aws-hpc/adapter-core";
import type { Choices } from "../deployment/choices.ts";
import type { ImageChoice } from "../deployment/make-plan.ts";
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
    node: flags["node-image"] === undefined ? undefined : { image: flags["node-image"] },
  };
}

/** What the flags say of the image. */
export function readImageChoice({ image, python, requirements, base }: ChoiceValues): ImageChoice {
  const chosen = image !== undefined && image !== BUILD;
  const how = { python, requirements, base };
  if (chosen && Object.values(how).some((value) => value !== undefined)) {
    const text = `--image: expected none, or ${BUILD}, beside --python, --requirements and --base, which say how to build one, got ${JSON.stringify(image)}`;
    throw new AdapterError("config", text);
  }
  return { build: image === BUILD, ...how };
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
