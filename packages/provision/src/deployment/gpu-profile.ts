import type { ProvisionSettings } from "../settings/provision-settings.ts";
import { resourceNames } from "../templates/resource-names.ts";

/**
 * The table of a file for `start` by which tasks reach the queue with GPUs, line by line; `undefined` where there is no such queue. As many slots as jobs fit into
 * one environment of it.
 */
export function gpuProfile(settings: ProvisionSettings): readonly string[] | undefined {
  const { gpu } = settings;
  if (gpu === undefined) return undefined;
  const { gpuQueue, gpuDefinition } = resourceNames(settings);
  return [
    "[[profile]]",
    'name = "gpu"',
    `slots = ${Math.max(1, Math.floor(gpu.maxVcpus / gpu.vcpus))}`,
    'capabilities = "gpu"',
    `queue = "${gpuQueue}"`,
    `definition = "${gpuDefinition}"`,
  ];
}
