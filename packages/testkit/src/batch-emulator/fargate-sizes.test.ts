import { expect, it } from "vitest";
import { checkEc2, checkFargate } from "./fargate-sizes.ts";

const GOOD = [
  ["0.25", "512"],
  ["0.25", "2048"],
  ["0.5", "4096"],
  ["1", "3072"],
  ["1.0", "8192"],
  ["8", "61440"],
  ["16", "122880"],
] as const;
const BAD = [
  ["0.25", "1536"],
  ["0.25", "4096"],
  ["0.75", "2048"],
  ["1", "1024"],
  ["1", "2500"],
  ["8", "17408"],
  ["16", "131072"],
  ["32", "131072"],
] as const;

it.each(GOOD)("Fargate has %s vCPU with %s MiB", (VCPU, MEMORY) => {
  expect(() => checkFargate({ VCPU, MEMORY })).not.toThrow();
});

it.each(BAD)("Fargate has not %s vCPU with %s MiB", (VCPU, MEMORY) => {
  expect(() => checkFargate({ VCPU, MEMORY })).toThrow(/Fargate resource requirements/);
});

it("has GPUs on EC2 alone, and whole vCPUs there", () => {
  expect(() => checkFargate({ VCPU: "1", MEMORY: "2048", GPU: "1" })).toThrow(/GPU/);
  expect(() => checkEc2({ VCPU: "1", GPU: "1" })).not.toThrow();
  expect(() => checkEc2({ VCPU: "0.5" })).toThrow(/whole/);
});
