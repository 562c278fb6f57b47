import type { ComputeEnvironmentDetail, JobDefinition } from "@aws-sdk/client-batch";
import type { AbortOptions } from "@scaler-aws-hpc/adapter-core";
import type { QuotaSource } from "../quotas/quota-findings.ts";
import type { NetworkFacts } from "./network-findings.ts";

/** Who the credentials are. */
export interface Caller {
  /** 12 digits. */
  readonly account: string;
  readonly arn: string;
}

/** A role, as far as it is looked at. */
export interface RoleFacts {
  readonly arn: string;
  /** Services and accounts that may take it, as its trust policy writes them. */
  readonly trusted: readonly string[];
}

/** A question to IAM's simulator. */
export interface Simulation {
  /** Role or user. */
  readonly principal: string;
  readonly actions: readonly string[];
  readonly resource: string;
  /** Values of condition keys, which a request would have. */
  readonly context?: Readonly<Record<string, string>>;
}

/** Where an image is in a registry of ECR. */
export interface ImageReference {
  readonly account: string;
  readonly region: string;
  readonly repository: string;
  /** One of both. */
  readonly tag?: string;
  readonly digest?: string;
}

/** One platform of an image. */
export interface ImageFacts {
  /** As images write it: `amd64`, `arm64`. */
  readonly architecture: string;
  readonly labels: Readonly<Record<string, string>>;
  /** Entry point and command. */
  readonly command: readonly string[];
}

/** A queue's machines and where they start. */
export interface QueueFacts {
  readonly arn: string;
  /** In the queue's order; `undefined` where they may not be looked at. */
  readonly environments: readonly ComputeEnvironmentDetail[] | undefined;
}

/** What the checks ask an account. Each call rejects with an `AdapterError`; `denied` names the action. */
export interface CheckedAccount extends QuotaSource {
  caller(options?: AbortOptions): Promise<Caller>;
  /** Whether a bucket is an account's; asks for a list of the prefix. */
  owns(account: string, bucket: string, prefix: string, options?: AbortOptions): Promise<boolean>;
  /** `undefined` when there is none of this name. */
  role(name: string, options?: AbortOptions): Promise<RoleFacts | undefined>;
  /** The actions that would be denied. */
  denied(simulation: Simulation, options?: AbortOptions): Promise<readonly string[]>;
  /** Its platforms; `undefined` when the repository or the image is not there. */
  image(reference: ImageReference, options?: AbortOptions): Promise<readonly ImageFacts[] | undefined>;
  queue(name: string, options?: AbortOptions): Promise<QueueFacts>;
  definition(name: string, options?: AbortOptions): Promise<JobDefinition>;
  network(subnets: readonly string[], groups: readonly string[], options?: AbortOptions): Promise<NetworkFacts>;
}
