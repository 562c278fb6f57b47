export { fargateSizeProblem } from "./fargate-size.ts";
export { isPinnedImage } from "./image.ts";
export { architectureOf, hasGpu } from "./instance-types.ts";
export type {
  Architecture,
  ComputeKind,
  GpuSettings,
  JobSize,
  NodeSettings,
  Partition,
  ProvisionSettings,
  Purchase,
} from "./provision-settings.ts";
export { provisionSettings, settingsProblems } from "./provision-settings-check.ts";
export { DEFAULT_DEPLOYMENT, type ProvisionChoices, partitionOf, withDefaults } from "./settings-defaults.ts";
