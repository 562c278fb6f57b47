import { expect, it } from "vitest";
import { fargateRefusal } from "./fargate-sizes.ts";

it.each([
  ["0.25", 512, undefined],
  ["1", 8192, undefined],
  ["16", 122_880, undefined],
  ["1", 1843, "Fargate has no 1 vCPU with 1843 MiB; the nearest is 2048 MiB"],
  ["1", 9216, "Fargate has no 1 vCPU with 9216 MiB; the nearest is 8192 MiB"],
  ["8", 17_408, "Fargate has no 8 vCPU with 17408 MiB; the nearest is 20480 MiB"],
  ["32", 1, undefined],
])("knows the sizes of Fargate: %s vCPU, %i MiB", (vcpu, memory, refusal) =>
  expect(fargateRefusal(vcpu, memory)).toBe(refusal),
);
