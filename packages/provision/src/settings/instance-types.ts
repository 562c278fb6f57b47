import type { Architecture } from "./provision-settings.ts";

const TYPE = /^[a-z]+\d+[a-z0-9-]*(?:\.[a-z0-9-]+)?$/;

/** Names that AWS Batch has for several families, by what they run. `optimal` is `default_x86_64` by now. */
const GROUPS: ReadonlyMap<string, Architecture> = new Map([
  ["optimal", "x86_64"],
  ["default_x86_64", "x86_64"],
  ["default_arm64", "arm64"],
]);

/** Families with GPUs that ECS_AL2023_NVIDIA does not know (p2, p3, g3), or that have none of NVIDIA's (g4ad). */
const NO_GPU_IMAGE = /^(?:p2|p3|p3dn|g2|g3|g3s|g4ad)(?:\.|$)/;

/** Architecture of an instance type, a family or a group of AWS Batch; `undefined`: this is none. */
export function architectureOf(type: string): Architecture | undefined {
  const group = GROUPS.get(type);
  if (group !== undefined || !TYPE.test(type)) return group;
  // The letters behind the generation say what the processor is: g is Graviton (m7g, c7gn, is4gen). Only a1 is older than that rule.
  const [, behind = ""] = /^[a-z]+\d+([a-z]*)/.exec(type) ?? [];
  return behind.includes("g") || /^a1(?:\.|$)/.test(type) ? "arm64" : "x86_64";
}

/** Whether a type or family has GPUs that AWS Batch's image for them can drive. */
export function hasGpu(type: string): boolean {
  return /^(?:g|gr|p)\d/.test(type) && architectureOf(type) === "x86_64" && !NO_GPU_IMAGE.test(type);
}
