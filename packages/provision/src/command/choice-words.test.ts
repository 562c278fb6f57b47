import { expect, it } from "vitest";
import type { Choices } from "../deployment/choices.ts";
import { CHOICE_FLAGS } from "./choice-flags.ts";
import { choiceWords } from "./choice-words.ts";

const ALL: Choices = {
  image: "i@sha256:x",
  job: { vcpus: 2, memoryMiB: 1843 },
  maxVcpus: 16,
  instanceTypes: ["c6i", "m6i"],
  bucket: "b",
  prefix: "p",
  lifecycleDays: 8,
  kmsKeyArn: "arn",
  repository: "r",
  logRetentionDays: 7,
  tags: { team: "a", stage: "b" },
  compute: "ec2",
  purchase: "spot",
  architecture: "x86_64",
  vpcId: "vpc-1",
  subnets: ["subnet-1"],
  assignPublicIp: false,
  serviceRoleArn: "arn",
  gpu: { instanceTypes: ["g5"], gpus: 1, vcpus: 4, memoryMiB: 14_745, maxVcpus: 8, image: "g:1" },
  node: { image: "n:1" },
};

it("says what was chosen as flags that there are", () => {
  const said = choiceWords(ALL);
  expect(said).toContain("--memory 2048 (1843 MiB for the job)");
  expect(said).toContain("--gpu-memory 16384 (14745 MiB for the job)");
  expect(said).toContain("--instance-types c6i,m6i");
  expect(said).toContain("--gpu-max-vcpus 8");
  expect(said).toContain("--no-public-ip");
  expect(said.filter((word) => /^--(?:tag|node)/.test(word))).toEqual([
    ...["--tag team=a", "--tag stage=b", "--node", "--node-image n:1"],
  ]);
  const known = Object.keys(CHOICE_FLAGS);
  for (const word of said) expect(known).toContain(word.split(" ")[0]?.replace(/^--(?:no-)?/, ""));
});

it("says memory as it is on Fargate, and nothing of what was not chosen", () => {
  expect(choiceWords({ compute: "fargate", job: { memoryMiB: 2048 } })).toEqual([
    ...["--compute fargate", "--memory 2048"],
  ]);
  expect(choiceWords({ image: undefined, gpu: undefined, node: undefined })).toEqual([]);
});
