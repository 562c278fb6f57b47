import type { AbortOptions } from "@scaler-aws-hpc/adapter-core";
import type { Architecture } from "../settings/provision-settings.ts";

interface AnyImageOrder {
  /** URI without a tag. */
  readonly repository: string;
  readonly architecture: Architecture;
}

/** Which image of the Python runner a deployment should have. */
export interface PythonImageOrder extends AnyImageOrder {
  readonly runner: "python";
  /** As `3.12`. @default that of `buildImage` */
  readonly python: string | undefined;
  /** File for pip with what tasks import. */
  readonly requirements: string | undefined;
  /** Image to build on. */
  readonly base: string | undefined;
}

/** Which image of the Node runner it should have. */
export interface NodeImageOrder extends AnyImageOrder {
  readonly runner: "node";
  /** File of the runner; `undefined` where its plugin is not there. */
  readonly program: string | undefined;
  /** package.json with what tasks import and do not bundle. */
  readonly packageFile: string | undefined;
}

export type ImageOrder = PythonImageOrder | NodeImageOrder;

/** How images come into the repository between the two stacks. */
export interface ImageStep {
  /** The image of such an order that is there already, by digest; `undefined` when it has to be made. Only reads. */
  find(order: ImageOrder, options?: AbortOptions): Promise<string | undefined>;
  /** Builds and pushes it. @returns its URI by digest */
  make(order: ImageOrder, say: (line: string) => void, options?: AbortOptions): Promise<string>;
}
