import type { Interfaces } from "@oclif/core";
import { AdapterError } from "@scaler-aws-hpc/adapter-core";
import type { Choices, Said } from "../deployment/choices.ts";
import type { ImageChoice } from "../deployment/planned-image.ts";
import { checkBuildFlags } from "../images/build-flags.ts";
import type { CHOICE_FLAGS } from "./choice-flags.ts";

/** Values of {@link CHOICE_FLAGS}. */
export type ChoiceValues = Interfaces.InferredFlags<typeof CHOICE_FLAGS>;

/** What `--image` says for an image that is built. */
const BUILD = "auto";

/**
 * What the flags say; what they do not say is `undefined`, and an empty value (`--subnets=`) is `null`: back to the default.
 * @param before what was chosen before: what memory means depends on what jobs run on
 * @throws {AdapterError} `config`
 */
export function readChoices(flags: ChoiceValues, before: Choices): Said {
  const compute = flags.compute ?? before.compute;
  const job = {
    vcpus: flags.vcpus === undefined ? undefined : Number(flags.vcpus),
    memoryMiB: memoryOf("memory", flags, compute),
  };
  return {
    image: flags.image === BUILD ? undefined : flags.image,
    job: any(job),
    maxVcpus: flags["max-vcpus"],
    instanceTypes: list(flags["instance-types"]),
    bucket: text(flags["s3-bucket"]),
    prefix: text(flags["s3-prefix"]),
    lifecycleDays: flags["lifecycle-days"],
    kmsKeyArn: text(flags["kms-key"]),
    repository: text(flags.repository),
    logRetentionDays: flags["log-retention-days"],
    tags: flags.tag && tagsOf(flags.tag),
    compute: flags.compute,
    purchase: flags.purchase,
    architecture: flags.architecture,
    vpcId: text(flags.vpc),
    subnets: list(flags.subnets),
    assignPublicIp: flags["public-ip"],
    serviceRoleArn: text(flags["service-role"]),
    gpu: gpuOf(flags, before, compute),
    node: nodeOf(flags),
  };
}

/** A second queue costs as much again as the first: it is asked for by its machines alone, and what else is said of it changes one that is there. */
function gpuOf(flags: ChoiceValues, before: Choices, compute: Choices["compute"]): Said["gpu"] {
  const instanceTypes = list(flags["gpu-instance-types"]);
  const others = {
    gpus: flags.gpus,
    vcpus: flags["gpu-vcpus"],
    memoryMiB: memoryOf("gpu-memory", flags, compute),
    maxVcpus: flags["gpu-max-vcpus"],
    image: text(flags["gpu-image"]),
  };
  const said = (["gpus", "gpu-vcpus", "gpu-memory", "gpu-max-vcpus", "gpu-image"] as const).find(
    (flag) => flags[flag] !== undefined,
  );
  const isThere = instanceTypes !== null && (instanceTypes ?? before.gpu) !== undefined;
  if (said !== undefined && !isThere) {
    const got = instanceTypes === null ? "an empty one, which removes that queue" : "none";
    const expected = "expected --gpu-instance-types beside it, which makes a second queue on machines with GPUs";
    throw new AdapterError("config", `--${said}: ${expected}, got ${got}; say it as --gpu-instance-types g5`);
  }
  return instanceTypes === null ? null : any({ instanceTypes, ...others });
}

/** JavaScript tasks are asked for by each flag that says something of them, and given up by `--no-node`. */
function nodeOf({ node, "node-image": image, "node-packages": packages }: ChoiceValues): Said["node"] {
  const said = image === undefined ? packages && "--node-packages" : "--node-image";
  if (node === false && said !== undefined) {
    throw new AdapterError(
      "config",
      `--no-node: expected no ${said} beside it, which asks for JavaScript tasks; say one`,
    );
  }
  if (node === false) return null;
  return node || said !== undefined ? { image: image === BUILD ? undefined : image } : undefined;
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
  checkBuildFlags(flags);
  return { build: image === BUILD, ...how, node: { build: nodeImage === BUILD, program: nodeRunner, packageFile } };
}

/** An image is named, or it is said how to build one. */
function assertOne(flag: string, image: string | undefined, others: string, how: readonly unknown[]): void {
  if (image === undefined || image === BUILD || how.every((value) => value === undefined)) return;
  const text = `${flag}: expected none, or ${BUILD}, beside ${others}, which say how to build one, got ${JSON.stringify(image)}`;
  throw new AdapterError("config", text);
}

// What 128 and 25,000,000 MiB are nine tenths of: what a definition may say.
const [LEAST_MIB, MOST_MIB] = [143, 27_777_777] as const;

/** Machines need a tenth of what is printed on them for themselves: as in the original, without its steps of 2 GiB. */
function memoryOf(flag: "memory" | "gpu-memory", flags: ChoiceValues, compute: Choices["compute"]): number | undefined {
  const mebibytes = flags[flag];
  if (mebibytes === undefined || compute === "fargate") return mebibytes;
  if (mebibytes >= LEAST_MIB && mebibytes <= MOST_MIB) return Math.floor(mebibytes * 0.9);
  const expected = `a whole number of MiB from ${LEAST_MIB} to ${MOST_MIB}, of which jobs get nine tenths`;
  throw new AdapterError("config", `--${flag}: expected ${expected}, got ${mebibytes}`);
}

const text = (value: string | undefined): string | null | undefined => (value === "" ? null : value);

function list(said: string | undefined): readonly string[] | null | undefined {
  const parts = said
    ?.split(",")
    .map((part) => part.trim())
    .filter((part) => part !== "");
  return parts?.length === 0 ? null : parts;
}

const any = <T extends object>(fields: T): T | undefined =>
  Object.values(fields).some((value) => value !== undefined) ? fields : undefined;

function tagsOf(pairs: readonly string[]): Record<string, string> | null {
  if (pairs.every((pair) => pair === "")) return null;
  return Object.fromEntries(
    pairs.map((pair) => {
      const equals = pair.indexOf("=");
      if (equals > 0) return [pair.slice(0, equals), pair.slice(equals + 1)];
      throw new AdapterError("config", `--tag: expected KEY=VALUE, got ${JSON.stringify(pair)}`);
    }),
  );
}
