import type * as Sdk from "@aws-sdk/client-s3";
import type { AbortOptions } from "@scaler-aws-hpc/adapter-core";
import { AdapterError } from "@scaler-aws-hpc/adapter-core";
import { fromAws } from "../aws/aws-failure.ts";
import { clientOptions, type Sending, sending } from "../aws/sdk-options.ts";
import { SdkService } from "../aws/sdk-service.ts";

/** Whose bucket of a name is. */
export type BucketOwner = "nobody" | "account" | "another-account";

/** What is needed of S3. Calls reject with an `AdapterError`; `denied` names the action. */
export interface BucketService {
  owner(bucket: string, options?: AbortOptions): Promise<BucketOwner>;
  /**
   * Removes all objects, in all versions, and uploads that were never finished: 1,000 a request.
   * @returns how many were removed
   */
  empty(bucket: string, options?: AbortOptions): Promise<number>;
}

const BATCH = 1_000;

/** Loads the SDK, not before it is needed, and opens a client. */
export async function openBuckets(region: string, account: string): Promise<BucketService & Disposable> {
  const sdk = await import("@aws-sdk/client-s3");
  const endpoint = process.env["AWS_ENDPOINT_URL_S3"] ?? process.env["AWS_ENDPOINT_URL"];
  const client = new sdk.S3Client({
    ...clientOptions(region),
    // An endpoint that is an address has no names of buckets in its domain.
    forcePathStyle: endpoint !== undefined && /\/\/(?:localhost|\d+(?:\.\d+){3}|\[)/.test(endpoint),
  });
  return new SdkBuckets(sdk, client, account);
}

class SdkBuckets extends SdkService<typeof Sdk, Sdk.S3Client> implements BucketService {
  readonly #account: string;

  constructor(sdk: typeof Sdk, client: Sdk.S3Client, account: string) {
    super(sdk, client);
    this.#account = account;
  }

  async owner(bucket: string, { signal }: AbortOptions = {}): Promise<BucketOwner> {
    try {
      const command = new this.sdk.HeadBucketCommand({ Bucket: bucket, ExpectedBucketOwner: this.#account });
      await this.client.send(command, sending(signal));
      return "account";
    } catch (reason) {
      const status = reason instanceof this.sdk.S3ServiceException ? reason.$metadata.httpStatusCode : undefined;
      if (status === 404) return "nobody";
      // Elsewhere, but there: the answer tells nobody's region but that of the account's own or an open one.
      if (status === 301 || status === 403) return "another-account";
      throw fromAws(reason, "s3:ListBucket", `bucket ${bucket}`, signal);
    }
  }

  async empty(bucket: string, options: AbortOptions = {}): Promise<number> {
    const owned = { Bucket: bucket, ExpectedBucketOwner: this.#account };
    // Always from the start: what was there before is gone, and what cannot be deleted is an error.
    for (let count = 0; ; ) {
      const list = new this.sdk.ListObjectVersionsCommand({ ...owned, MaxKeys: BATCH });
      const send = (more: Sending) => this.client.send(list, more);
      const page = await this.call("s3:ListBucketVersions", bucket, options, send);
      const found = [...(page.Versions ?? []), ...(page.DeleteMarkers ?? [])];
      if (found.length === 0) return count + (await this.#abortUploads(bucket, options));
      const objects = found.map(({ Key = "", VersionId }) => ({ Key, ...(VersionId && { VersionId }) }));
      count += await this.#remove(bucket, objects, options);
    }
  }

  async #remove(bucket: string, objects: Sdk.ObjectIdentifier[], options: AbortOptions): Promise<number> {
    const command = new this.sdk.DeleteObjectsCommand({
      Bucket: bucket,
      ExpectedBucketOwner: this.#account,
      Delete: { Objects: objects, Quiet: true },
    });
    const send = (more: Sending) => this.client.send(command, more);
    const { Errors: [first, ...more] = [] } = await this.call("s3:DeleteObjectVersion", bucket, options, send);
    if (first === undefined) return objects.length;
    const text = `bucket ${bucket}: ${more.length + 1} of ${objects.length} objects could not be deleted, the first ${first.Key}: ${first.Code}: ${first.Message}`;
    throw new AdapterError(first.Code === "AccessDenied" ? "denied" : "rejected", text);
  }

  async #abortUploads(bucket: string, options: AbortOptions): Promise<number> {
    const owned = { Bucket: bucket, ExpectedBucketOwner: this.#account };
    for (let count = 0; ; ) {
      const list = new this.sdk.ListMultipartUploadsCommand({ ...owned, MaxUploads: BATCH });
      const send = (more: Sending) => this.client.send(list, more);
      const { Uploads = [] } = await this.call("s3:ListBucketMultipartUploads", bucket, options, send);
      if (Uploads.length === 0) return count;
      for (const { Key, UploadId } of Uploads) {
        const abort = new this.sdk.AbortMultipartUploadCommand({ ...owned, Key, UploadId });
        await this.call("s3:AbortMultipartUpload", bucket, options, (more) => this.client.send(abort, more));
      }
      count += Uploads.length;
    }
  }
}
