import type { AbortOptions } from "@scaler-aws-hpc/adapter-core";
import type { ProvisionSettings } from "../settings/provision-settings.ts";
import { stackState } from "../stacks/stack-state.ts";
import type { Deployment } from "./deployment.ts";

/** Names of the base stack that somebody has already: with them it would fail half-way. A sentence for each; none for names that it has itself. Only reads. */
export async function nameConflicts(
  { base, account, stackNames, held }: Deployment,
  { bucket, repository }: Pick<ProvisionSettings, "bucket" | "repository">,
  options: AbortOptions,
): Promise<readonly string[]> {
  const state = stackState(base?.status);
  const isNew = state === "absent" || state === "reviewed";
  if (!isNew && state !== "ready") return [];
  // Of one that is there the names are known, unless its template is not ours to read.
  const asks = (name: string, known: string | undefined): boolean => isNew || (known !== undefined && known !== name);
  const owner = asks(bucket, held.bucket) ? await account.buckets.owner(bucket, options) : "nobody";
  const exists = asks(repository, held.repository) && (await account.repositories.exists(repository, options));
  if (owner === "nobody" && !exists) return [];
  // A run that was interrupted a moment ago may have gone through after all: then they are the stack's.
  const now = isNew ? stackState((await account.stacks.describe(stackNames.base, options))?.status) : state;
  if (now !== state) return [];
  const conflicts: string[] = [];
  if (owner === "another-account")
    conflicts.push(
      `bucket ${bucket} belongs to another account, or is in another region (names of buckets are for all), or s3:ListBucket is not allowed; nothing was made; choose another with --s3-bucket or --prefix`,
    );
  if (owner === "account")
    conflicts.push(
      `bucket ${bucket} is there already, and is not this deployment's; nothing was made; choose another with --s3-bucket or --prefix, or remove it`,
    );
  if (exists)
    conflicts.push(
      `repository ${repository} is there already, and is not this deployment's; nothing was made; choose another with --repository or --prefix, or remove it`,
    );
  return conflicts;
}
