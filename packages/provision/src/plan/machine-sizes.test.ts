import { expect, it } from "vitest";
import { COMMON } from "../../test-support/variants.ts";
import { type ProvisionChoices, provisionSettings } from "../settings/index.ts";
import { machineSize, tooLargeJobs, unknownSizes } from "./machine-sizes.ts";

const warnings = (choices: Partial<ProvisionChoices>) => tooLargeJobs(provisionSettings({ ...COMMON, ...choices }));

it.each([
  ["c7i.large", 2, 4096],
  ["m7g.medium", 1, 4096],
  ["r6id.24xlarge", 96, 786_432],
  ["c6in.xlarge", 4, undefined],
])("knows how large a %s is", (type, vcpus, memoryMiB) => {
  expect(machineSize(type)).toEqual({ vcpus, memoryMiB });
});

it.each(["c7i", "optimal", "m7i.metal-24xl", "t3.large"])("does not know how large a %s is", (type) => {
  expect(machineSize(type)).toBeUndefined();
});

it("warns of jobs that no machine can hold, and of none that one may hold", () => {
  const instanceTypes = ["c7i.large"];
  expect(warnings({ instanceTypes, job: { vcpus: 64 } })).toEqual([
    expect.stringMatching(
      /^a job takes 64 vCPUs .*c7i\.large 2 and 4096 MiB\), so it never starts; say larger --instance-types/,
    ),
  ]);
  expect(warnings({ instanceTypes, job: { memoryMiB: 540_000 } })).toHaveLength(1);
  expect(warnings({ instanceTypes: [...instanceTypes, "m7i"], job: { vcpus: 64 } })).toEqual([]);
  expect(warnings({ instanceTypes, job: { vcpus: 2, memoryMiB: 3686 } })).toEqual([]);
  expect(warnings({ gpu: { instanceTypes: ["g5.xlarge"], vcpus: 8 } })).toEqual([
    expect.stringMatching(/say larger --gpu-instance-types/),
  ]);
});

it("warns of sizes that EC2 does not have", () => {
  const instanceTypes = ["c7i", "t3.micro", "m7i.metal-24xl", "r6id.24xlarge", "optimal", "p99.huge"];
  expect(unknownSizes({ instanceTypes, gpu: undefined })).toEqual([
    expect.stringMatching(/^--instance-types: p99\.huge is of no size that is known here/),
  ]);
});
