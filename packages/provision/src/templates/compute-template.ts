import { AdapterError } from "@scaler-aws-hpc/adapter-core";
import type { ProvisionSettings } from "../settings/provision-settings.ts";
import type { Template } from "./template.ts";

/**
 * The compute stack: what runs jobs of an image that was pushed. Security group, launch template, environments, queues, job definitions.
 * @throws {AdapterError} `config` when `vpcId`, `subnets` or `image` is missing
 */
export function computeTemplate(settings: ProvisionSettings): Template {
  throw new AdapterError("internal", `computeTemplate of ${settings.deployment}: not written yet`);
}
