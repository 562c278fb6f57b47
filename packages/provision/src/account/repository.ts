import type * as Sdk from "@aws-sdk/client-ecr";
import type { AbortOptions } from "@scaler-aws-hpc/adapter-core";
import { fromAws } from "../aws/aws-failure.ts";
import { clientOptions, type Sending, sending } from "../aws/sdk-options.ts";
import { SdkService } from "../aws/sdk-service.ts";

/** What is needed of ECR. Calls reject with an `AdapterError`; `denied` names the action. */
export interface RepositoryService {
  exists(repository: string, options?: AbortOptions): Promise<boolean>;
  /** Deletes all images. @returns how many; 0 when there is no such repository */
  empty(repository: string, options?: AbortOptions): Promise<number>;
}

// Of BatchDeleteImage.
const BATCH = 100;

/** Loads the SDK, not before it is needed, and opens a client. */
export async function openRepositories(region: string): Promise<RepositoryService & Disposable> {
  const sdk = await import("@aws-sdk/client-ecr");
  return new SdkRepositories(sdk, new sdk.ECRClient(clientOptions(region)));
}

class SdkRepositories extends SdkService<typeof Sdk, Sdk.ECRClient> implements RepositoryService {
  async exists(repository: string, { signal }: AbortOptions = {}): Promise<boolean> {
    try {
      const command = new this.sdk.DescribeRepositoriesCommand({ repositoryNames: [repository] });
      await this.client.send(command, sending(signal));
      return true;
    } catch (reason) {
      if (reason instanceof this.sdk.RepositoryNotFoundException) return false;
      throw fromAws(reason, "ecr:DescribeRepositories", `repository ${repository}`, signal);
    }
  }

  async empty(repository: string, options: AbortOptions = {}): Promise<number> {
    let count = 0;
    for (;;) {
      const images = await this.#images(repository, options.signal);
      if (images.length === 0) return count;
      const command = new this.sdk.BatchDeleteImageCommand({ repositoryName: repository, imageIds: images });
      const send = (more: Sending) => this.client.send(command, more);
      const { imageIds = [] } = await this.call("ecr:BatchDeleteImage", `repository ${repository}`, options, send);
      count += images.length;
      // An image that others refer to is refused until they are gone; nothing at all gone is no way on.
      if (imageIds.length === 0) return count;
    }
  }

  async #images(repository: string, signal: AbortSignal | undefined): Promise<Sdk.ImageIdentifier[]> {
    try {
      const command = new this.sdk.ListImagesCommand({ repositoryName: repository, maxResults: BATCH });
      const { imageIds = [] } = await this.client.send(command, sending(signal));
      // By digest: that takes all tags of an image with it.
      const digests = new Set(imageIds.flatMap(({ imageDigest }) => (imageDigest === undefined ? [] : [imageDigest])));
      return [...digests].map((imageDigest) => ({ imageDigest }));
    } catch (reason) {
      if (reason instanceof this.sdk.RepositoryNotFoundException) return [];
      throw fromAws(reason, "ecr:ListImages", `repository ${repository}`, signal);
    }
  }
}
