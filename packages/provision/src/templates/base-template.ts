import { AdapterError } from "@scaler-aws-hpc/adapter-core";
import type { ProvisionSettings } from "../settings/provision-settings.ts";
import type { Template } from "./template.ts";

/** The base stack: what exists before an image can be pushed. Bucket, repository, log group, roles. Needs `CAPABILITY_NAMED_IAM`. */
export function baseTemplate(settings: ProvisionSettings): Template {
  throw new AdapterError("internal", `baseTemplate of ${settings.deployment}: not written yet`);
}
