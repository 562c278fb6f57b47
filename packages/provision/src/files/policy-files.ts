import type { ProvisionSettings } from "../settings/provision-settings.ts";
import { keyPolicyStatement } from "../templates/policies/key-policy.ts";
import { managerPolicy } from "../templates/policies/manager-policy.ts";
import { provisionerPolicies } from "../templates/policies/provisioner-policies.ts";

/**
 * Documents for whoever gives permissions, by file name without its end: what `provision` needs of its caller, what `start` needs, and with a key of the user's own the
 * statement that the key's policy must have besides. The base stack makes the second as a managed policy too; here it can be read before anything is made.
 */
export function policyFiles(settings: ProvisionSettings): Readonly<Record<string, object>> {
  const provisioner = Object.entries(provisionerPolicies(settings));
  return {
    ...Object.fromEntries(provisioner.map(([part, document]) => [`policy-provision-${part}`, document])),
    "policy-start": managerPolicy(settings),
    ...(settings.kmsKeyArn !== undefined && { "policy-kms-key-statement": keyPolicyStatement(settings) }),
  };
}
