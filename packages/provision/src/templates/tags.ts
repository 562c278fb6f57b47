import type { ProvisionSettings } from "../settings/provision-settings.ts";

/** Key of the tag that names the deployment which a resource belongs to. */
export const DEPLOYMENT_TAG = "scaler-aws-hpc:deployment";

/** Our tag and the user's, sorted by key so that the same settings give the same template. */
export function tagMap({ deployment, tags }: ProvisionSettings): Record<string, string> {
  const all = { ...tags, [DEPLOYMENT_TAG]: deployment };
  return Object.fromEntries(Object.entries(all).toSorted(([a], [b]) => (a < b ? -1 : 1)));
}

/** The same as most services want them. */
export function tagList(settings: ProvisionSettings): { readonly Key: string; readonly Value: string }[] {
  return Object.entries(tagMap(settings)).map(([Key, Value]) => ({ Key, Value }));
}
