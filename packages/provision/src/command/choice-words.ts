import type { Choices } from "../deployment/choices.ts";

/** Flags whose name is not made of the setting's. */
const FLAGS: Readonly<Record<string, string>> = {
  bucket: "s3-bucket",
  prefix: "s3-prefix",
  kmsKeyArn: "kms-key",
  tags: "tag",
  vpcId: "vpc",
  assignPublicIp: "public-ip",
  serviceRoleArn: "service-role",
  "job.vcpus": "vcpus",
  "job.memoryMiB": "memory",
  "gpu.gpus": "gpus",
  "gpu.memoryMiB": "gpu-memory",
};

/** What was chosen, as flags that choose it, in the order in which it is remembered. */
export function choiceWords(choices: Choices): readonly string[] {
  return Object.entries(choices).flatMap(([key, value]) => {
    // Asked for without an image of one's own it has no value that could be said.
    if (key === "node" && value !== undefined) return ["--node", ...words(choices, "node.", value as object)];
    if (key === "job" || key === "gpu") return words(choices, `${key}.`, (value ?? {}) as object);
    return words(choices, "", { [key]: value });
  });
}

function words({ compute }: Choices, group: string, values: object): readonly string[] {
  return Object.entries(values as Readonly<Record<string, unknown>>).flatMap(([key, value]) => {
    if (value === undefined) return [];
    const path = `${group}${key}`;
    const flag = `--${FLAGS[path] ?? path.replace(".", "-").replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
    if (key === "tags") return Object.entries(value as object).map(([name, text]) => `${flag} ${name}=${String(text)}`);
    if (typeof value === "boolean") return [value ? flag : flag.replace("--", "--no-")];
    if (key === "memoryMiB" && typeof value === "number" && compute !== "fargate") {
      // Jobs have nine tenths of what was said.
      return [`${flag} ${Math.ceil(value / 0.9)} (${value} MiB for the job)`];
    }
    return [`${flag} ${Array.isArray(value) ? value.join(",") : String(value)}`];
  });
}
