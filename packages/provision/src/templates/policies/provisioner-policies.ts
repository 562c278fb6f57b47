import type { ProvisionSettings } from "../../settings/provision-settings.ts";
import type { PolicyDocument } from "./policy-document.ts";
import { policy } from "./policy-document.ts";
import { computeStatements } from "./provisioner-compute.ts";
import { roleStatements } from "./provisioner-roles.ts";
import { storageStatements } from "./provisioner-storage.ts";

/**
 * What whoever runs `provision` needs, by name: CloudFormation works with the rights of its caller. Three documents, because IAM takes 6,144 characters in one. Names of this
 * deployment only, wherever AWS lets them be said; none of the rights that jobs or the manager have.
 *
 * Source: the permissions that CloudFormation's resource types say they need, of those for what the templates use; the calls of this package.
 */
export function provisionerPolicies(settings: ProvisionSettings): Readonly<Record<string, PolicyDocument>> {
  return {
    storage: policy(...storageStatements(settings)),
    roles: policy(...roleStatements(settings)),
    compute: policy(...computeStatements(settings)),
  };
}
