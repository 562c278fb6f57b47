import { Errors, Flags } from "@oclif/core";
import { variable } from "./provision-command.ts";

const NUMBER = (name: string, summary: string, min = 1) =>
  Flags.integer({ summary, min, env: variable(name), helpValue: "N" });
const TEXT = (name: string, summary: string, helpValue = "NAME") =>
  Flags.string({ summary, env: variable(name), helpValue });

/**
 * Flags that say what a deployment should be. They carry no defaults: what is not said is as it was, and for a new deployment as
 * `provisionSettings` has it. The first eight are the original's.
 */
export const CHOICE_FLAGS = {
  image: TEXT(
    "image",
    "Image of the jobs, by digest or a tag other than latest; auto builds one. [default: the one in use, else auto]",
    "URI",
  ),
  vcpus: Flags.string({
    summary: "vCPUs of a job. [default: 1]",
    env: variable("vcpus"),
    helpValue: "N",
    parse: async (text) => {
      if (/^\d+(?:\.\d+)?$/.test(text) && Number(text) > 0) return text;
      throw new Errors.CLIError(`Expected a number above 0 but received: ${text}`);
    },
  }),
  memory: NUMBER(
    "memory",
    "Memory of a job in MiB; on EC2 it gets nine tenths, machines need the rest. [default: 2048]",
  ),
  "max-vcpus": NUMBER("max-vcpus", "Most vCPUs of each environment. [default: 256]"),
  "instance-types": TEXT(
    "instance-types",
    "Types, families or groups, separated by commas. [default: what Batch chooses]",
    "TYPES",
  ),
  "job-timeout": Flags.integer({
    // As `start` calls it.
    aliases: ["job-timeout-minutes"],
    summary: "Limit of a task in minutes, for the file that is written. [default: 60]",
    min: 1,
    env: variable("job-timeout"),
    helpValue: "N",
  }),
  "s3-bucket": Flags.string({
    aliases: ["bucket"],
    summary: "Bucket for functions, arguments and results. [default: PREFIX-ACCOUNT-REGION]",
    env: variable("s3-bucket"),
    helpValue: "NAME",
  }),
  "s3-prefix": TEXT("s3-prefix", "What the names of all objects begin with; / for nothing. [default: scaler-tasks]"),
  "lifecycle-days": NUMBER("lifecycle-days", "Days after which objects are removed. [default: 14]"),
  "kms-key": TEXT("kms-key", "KMS key for bucket and logs. [default: those of the services]", "ARN"),
  repository: TEXT("repository", "ECR repository. [default: PREFIX]"),
  "log-retention-days": NUMBER("log-retention-days", "Days that logs are kept. [default: 30]"),
  tag: Flags.string({
    summary: "Tag of all resources; may be repeated.",
    multiple: true,
    multipleNonGreedy: true,
    helpValue: "KEY=VALUE",
  }),
  compute: Flags.option({
    summary: "What jobs run on. [default: ec2]",
    options: ["ec2", "fargate"] as const,
    env: variable("compute"),
  })(),
  purchase: Flags.option({
    summary: "How capacity is bought; spot-first has On-Demand behind Spot. [default: spot-first]",
    options: ["spot", "on-demand", "spot-first"] as const,
    env: variable("purchase"),
  })(),
  architecture: Flags.option({
    summary: "Processors. [default: x86_64]",
    options: ["x86_64", "arm64"] as const,
    env: variable("architecture"),
  })(),
  vpc: TEXT("vpc", "VPC. [default: that of the subnets, else the default VPC]", "ID"),
  subnets: TEXT("subnets", "Subnets, separated by commas. [default: those of the VPC]", "IDS"),
  "public-ip": Flags.boolean({ summary: "Give tasks on Fargate a public address. [default: true]", allowNo: true }),
  "gpu-instance-types": TEXT(
    "gpu-instance-types",
    "A second queue on machines with GPUs: types or families, separated by commas.",
    "TYPES",
  ),
  gpus: NUMBER("gpus", "GPUs of each job with GPUs. [default: 1]"),
  "gpu-vcpus": NUMBER("gpu-vcpus", "vCPUs of a job with GPUs. [default: 4]"),
  "gpu-memory": NUMBER("gpu-memory", "Memory of a job with GPUs in MiB; it gets nine tenths. [default: 16384]"),
  "gpu-max-vcpus": NUMBER("gpu-max-vcpus", "Most vCPUs of each environment with GPUs. [default: --max-vcpus]"),
  "gpu-image": TEXT("gpu-image", "Image of jobs with GPUs. [default: --image]", "URI"),
  node: Flags.boolean({
    summary: "A second job definition, for JavaScript tasks; --no-node removes it.",
    env: variable("node"),
    allowNo: true,
  }),
  "node-image": TEXT(
    "node-image",
    "Image of JavaScript tasks, which are then asked for; auto builds one. [default: the one in use, else auto]",
    "URI",
  ),
  "node-packages": TEXT(
    "node-packages",
    "Build the image of JavaScript tasks with what this package.json names.",
    "FILE",
  ),
  "service-role": TEXT("service-role", "Role for AWS Batch. [default: its service-linked one]", "ARN"),
  python: TEXT(
    "python",
    "Build the image of the jobs with this Python, that of your clients. [default: 3.12]",
    "VERSION",
  ),
  requirements: TEXT("requirements", "Build the image of the jobs with what this file for pip names.", "FILE"),
  base: TEXT("base", "Build the image of the jobs on this one, which has Python.", "IMAGE"),
};
