import { expect, it } from "vitest";
import { fargateSizeProblem } from "./fargate-size.ts";
import { isPinnedImage } from "./image.ts";
import { architectureOf, hasGpu } from "./instance-types.ts";

it("tells architectures of types, families and groups apart", () => {
  const x86 = ["optimal", "default_x86_64", "m7i", "c6a.large", "g5.xlarge", "p4d", "u7i-12tb.224xlarge", "t3a"];
  const arm = ["default_arm64", "m7g", "c7gn.large", "t4g.small", "x2gd", "im4gn", "is4gen", "g5g", "a1", "hpc7g"];
  expect(x86.map(architectureOf)).toEqual(x86.map(() => "x86_64"));
  expect(arm.map(architectureOf)).toEqual(arm.map(() => "arm64"));
  for (const none of ["", "large", "m7i.", "M7i", "m7i large", "default", "7i"]) {
    expect(architectureOf(none), none).toBeUndefined();
  }
});

it("knows the GPUs that the image for them can drive", () => {
  for (const type of ["g4dn", "g5.xlarge", "g6", "g6e", "gr6", "p4d", "p5en.48xlarge"])
    expect(hasGpu(type), type).toBe(true);
  for (const type of ["p3", "p2.xlarge", "g3s.xlarge", "g4ad", "g5g", "m7i", "optimal"])
    expect(hasGpu(type), type).toBe(false);
});

it("takes images by digest, or by a tag that stays", () => {
  const digest = `sha256:${"0".repeat(64)}`;
  for (const image of [
    `a@${digest}`,
    `r.example:5000/a/b_c@${digest}`,
    "a/b:1.0",
    `a:latest@${digest}`,
    "localhost/x:y",
    "node:1",
    "registry:5000/x:1",
  ]) {
    expect(isPinnedImage(image), image).toBe(true);
  }
  for (const image of [
    "",
    "a",
    "a:latest",
    "a@sha256:12",
    "A:1",
    "a b:1",
    "registry:5000/x",
    `a@${digest}x`,
    "a:1\n",
  ]) {
    expect(isPinnedImage(image), image).toBe(false);
  }
});

it("knows the sizes of Fargate", () => {
  for (const [vcpus, memoryMiB] of [
    [0.25, 512],
    [0.25, 2048],
    [0.5, 3072],
    [1, 2048],
    [4, 30_720],
    [16, 122_880],
  ] as const) {
    expect(fargateSizeProblem({ vcpus, memoryMiB }), `${vcpus} ${memoryMiB}`).toBeUndefined();
  }
  expect(fargateSizeProblem({ vcpus: 0.25, memoryMiB: 1536 })).toBe("512, 1024 or 2048 MiB for 0.25 vCPUs on fargate");
  expect(fargateSizeProblem({ vcpus: 8, memoryMiB: 17_408 })).toBe(
    "16384 to 61440 in steps of 4096 MiB for 8 vCPUs on fargate",
  );
  expect(fargateSizeProblem({ vcpus: 3, memoryMiB: 8192 })).toBe("0.25, 0.5, 1, 2, 4, 8, 16 vCPUs on fargate");
});
