import type * as BatchSdk from "@aws-sdk/client-batch";
import type { ComputeEnvironmentDetail, JobDefinition } from "@aws-sdk/client-batch";
import { type AbortOptions, AdapterError, isAdapterError } from "@scaler-aws-hpc/adapter-core";
import { fromAws } from "../aws/aws-failure.ts";
import { clientOptions, sending } from "../aws/sdk-options.ts";
import type { VcpuQuota } from "../quotas/vcpu-quotas.ts";
import type {
  Caller,
  CheckedAccount,
  ImageFacts,
  ImageReference,
  QueueFacts,
  RoleFacts,
  Simulation,
} from "./account-port.ts";
import type { NetworkFacts } from "./network-findings.ts";
import { SdkIam } from "./sdk-iam.ts";

/** {@link CheckedAccount} by the SDK. Each client is loaded by the first call that needs it, and none is kept but IAM's. */
export class SdkAccount implements CheckedAccount {
  readonly region: string;
  #caller: Promise<Caller> | undefined;
  #iam: Promise<SdkIam> | undefined;

  constructor(region: string) {
    this.region = region;
  }

  caller(): Promise<Caller> {
    // Several wait for it: none of them can end it.
    this.#caller ??= this.#askCaller();
    return this.#caller;
  }

  async owns(account: string, bucket: string, prefix: string, options?: AbortOptions): Promise<boolean> {
    const { ListObjectsV2Command, S3Client } = await import("@aws-sdk/client-s3");
    const client = new S3Client({ ...clientOptions(this.region), forcePathStyle: usesAddress() });
    const Prefix = prefix === "" ? "" : `${prefix}/`;
    try {
      await client.send(
        new ListObjectsV2Command({ Bucket: bucket, Prefix, MaxKeys: 1, ExpectedBucketOwner: account }),
        sending(options?.signal),
      );
      return true;
    } catch (reason) {
      const error = fromAws(reason, "s3:ListBucket", `bucket ${bucket}`, options?.signal);
      // The same list without an owner was allowed: the check of the bucket came before.
      if (isAdapterError(error) && error.code === "denied") return false;
      throw error;
    } finally {
      client.destroy();
    }
  }

  async role(name: string, options?: AbortOptions): Promise<RoleFacts | undefined> {
    return await (await this.#openIam()).role(name, options);
  }

  async denied(simulation: Simulation, options?: AbortOptions): Promise<readonly string[]> {
    return await (await this.#openIam()).denied(simulation, options);
  }

  async image(reference: ImageReference, options?: AbortOptions): Promise<readonly ImageFacts[] | undefined> {
    const { lookAtImage } = await import("./sdk-images.ts");
    return await lookAtImage(reference, options);
  }

  async network(subnets: readonly string[], groups: readonly string[], options?: AbortOptions): Promise<NetworkFacts> {
    const { lookAtNetwork } = await import("./sdk-network.ts");
    return await lookAtNetwork(this.region, subnets, groups, options);
  }

  async vcpuQuotas(quotas: readonly VcpuQuota[], options?: AbortOptions): Promise<ReadonlyMap<string, number>> {
    const { askQuotas } = await import("../quotas/sdk-quotas.ts");
    return await askQuotas(this.region, quotas, options);
  }

  async queue(name: string, options?: AbortOptions): Promise<QueueFacts> {
    const sdk = await import("@aws-sdk/client-batch");
    const client = new sdk.BatchClient(clientOptions(this.region));
    try {
      const { jobQueues = [] } = await client.send(
        new sdk.DescribeJobQueuesCommand({ jobQueues: [name] }),
        sending(options?.signal),
      );
      const [queue] = jobQueues;
      if (queue === undefined) throw new AdapterError("missing", `job queue ${name} is not there; look at --job-queue`);
      const names = (queue.computeEnvironmentOrder ?? []).flatMap(({ computeEnvironment }) => computeEnvironment ?? []);
      const environments = names.length === 0 ? [] : await environmentsOf(sdk, client, names, options);
      return { arn: queue.jobQueueArn ?? name, environments };
    } catch (reason) {
      throw isAdapterError(reason)
        ? reason
        : fromAws(reason, "batch:DescribeJobQueues", `job queue ${name}`, options?.signal);
    } finally {
      client.destroy();
    }
  }

  async definition(name: string, options?: AbortOptions): Promise<JobDefinition> {
    const sdk = await import("@aws-sdk/client-batch");
    const client = new sdk.BatchClient(clientOptions(this.region));
    const exact = name.startsWith("arn:") || name.includes(":");
    try {
      const command = new sdk.DescribeJobDefinitionsCommand(
        exact ? { jobDefinitions: [name] } : { jobDefinitionName: name, status: "ACTIVE" },
      );
      const { jobDefinitions = [] } = await client.send(command, sending(options?.signal));
      const [latest] = jobDefinitions.toSorted((a, b) => (b.revision ?? 0) - (a.revision ?? 0));
      if (latest !== undefined) return latest;
    } catch (reason) {
      throw fromAws(reason, "batch:DescribeJobDefinitions", `job definition ${name}`, options?.signal);
    } finally {
      client.destroy();
    }
    throw new AdapterError("missing", `job definition ${name} is not there; look at --job-definition`);
  }

  /** Closes what is open. */
  close(): void {
    void this.#iam?.then((iam) => iam[Symbol.dispose]()).catch(() => {});
  }

  #openIam(): Promise<SdkIam> {
    this.#iam ??= SdkIam.open(this.region);
    return this.#iam;
  }

  async #askCaller(): Promise<Caller> {
    const { GetCallerIdentityCommand, STSClient } = await import("@aws-sdk/client-sts");
    const client = new STSClient(clientOptions(this.region));
    try {
      const { Account, Arn } = await client.send(new GetCallerIdentityCommand({}));
      if (Account === undefined || Arn === undefined)
        throw new AdapterError("unavailable", "sts:GetCallerIdentity answered without an account; try again");
      return { account: Account, arn: Arn };
    } catch (reason) {
      if (isAdapterError(reason)) throw reason;
      throw fromAws(reason, "sts:GetCallerIdentity", "asking AWS who we are");
    } finally {
      client.destroy();
    }
  }
}

/** `undefined` where they may not be looked at: the queue is known all the same. */
async function environmentsOf(
  sdk: typeof BatchSdk,
  client: BatchSdk.BatchClient,
  names: string[],
  options: AbortOptions | undefined,
): Promise<readonly ComputeEnvironmentDetail[] | undefined> {
  try {
    const command = new sdk.DescribeComputeEnvironmentsCommand({ computeEnvironments: names });
    return (await client.send(command, sending(options?.signal))).computeEnvironments ?? [];
  } catch (reason) {
    const error = fromAws(reason, "batch:DescribeComputeEnvironments", names.join(", "), options?.signal);
    if (isAdapterError(error) && error.code === "denied") return undefined;
    throw error;
  }
}

/** Emulators at an address have no names of buckets in their domain. */
const usesAddress = (): boolean =>
  /^https?:\/\/(?:localhost|\d+\.\d+\.\d+\.\d+|\[)/.test(
    process.env["AWS_ENDPOINT_URL_S3"] ?? process.env["AWS_ENDPOINT_URL"] ?? "",
  );
