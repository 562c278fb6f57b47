import type { AbortOptions } from "@scaler-aws-hpc/adapter-core";
import type { Architecture } from "../settings/provision-settings.ts";

/** Which image of the Python runner a deployment should have. */
export interface ImageOrder {
  /** URI without a tag. */
  readonly repository: string;
  readonly architecture: Architecture;
  /** As `3.12`. @default that of `buildImage` */
  readonly python: string | undefined;
  /** File for pip with what tasks import. */
  readonly requirements: string | undefined;
  /** Image to build on. */
  readonly base: string | undefined;
}

/** How images come into the repository between the two stacks. */
export interface ImageStep {
  /** The image of such an order that is there already, by digest; `undefined` when it has to be made. Only reads. */
  find(order: ImageOrder, options?: AbortOptions): Promise<string | undefined>;
  /** Builds and pushes it. @returns its URI by digest */
  make(order: ImageOrder, say: (line: string) => void, options?: AbortOptions): Promise<string>;
}
