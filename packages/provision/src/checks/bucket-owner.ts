import { type Check, type CheckedDeployment, ok, warning } from "@scaler-aws-hpc/adapter-core";
import type { CheckedAccount } from "./account-port.ts";

/** Where a deployment keeps its payloads. */
export interface Place {
  readonly bucket: string;
  readonly prefix: string;
  /** As the settings name it. */
  readonly owner: string | undefined;
}

/** The bucket of the settings; `undefined` for another store, or where none is named. */
export function bucketOf({ store }: CheckedDeployment): Place | undefined {
  const { "s3-bucket": bucket, "s3-prefix": prefix = "scaler-tasks", "s3-bucket-owner": owner } = store.options;
  if (store.name !== "s3" || typeof bucket !== "string" || bucket === "") return undefined;
  return {
    bucket,
    prefix: String(prefix).replace(/^\/+|\/+$/g, ""),
    owner: typeof owner === "string" && owner !== "" ? owner : undefined,
  };
}

/** Names of buckets can be guessed, and somebody else may have one of them: payloads are code. */
export function ownerCheck(account: () => Promise<CheckedAccount>, { bucket, prefix, owner }: Place): readonly Check[] {
  // Then the store asks for that owner with each request.
  if (owner !== undefined) return [];
  return [
    {
      id: "s3-owner",
      group: "S3",
      title: `owner of ${bucket}`,
      needs: ["aws-account", "s3-bucket"],
      async run(options) {
        const open = await account();
        const { account: id } = await open.caller(options);
        if (await open.owns(id, bucket, prefix, options)) return [ok(`account ${id}, that of the credentials`)];
        const fix = "see whose it is, and name that account with --s3-bucket-owner, or use a bucket of your own";
        return [warning(`it belongs to another account than ${id}, that of the credentials`, fix)];
      },
    },
  ];
}
