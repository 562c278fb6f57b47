import { AdapterError, type Finding } from "@scaler-aws-hpc/adapter-core";
import type { Account } from "../src/account/account.ts";
import type { BatchService, OpenJob } from "../src/account/batch.ts";
import type { BucketOwner, BucketService } from "../src/account/bucket.ts";
import type { RepositoryService } from "../src/account/repository.ts";
import type { ImageOrder, ImageStep } from "../src/deployment/image-step.ts";
import { VCPU_QUOTAS } from "../src/quotas/vcpu-quotas.ts";
import { ScriptedStacks } from "./scripted-stacks.ts";

/** An account in memory; its stacks are scripted, and everything beside them is plain fields. */
export class FakeAccount implements Account {
  readonly id = "123456789012";
  readonly region = "eu-west-1";
  readonly stacks = new ScriptedStacks();
  /** By name; who is not here is nobody's. */
  readonly bucketOwners = new Map<string, BucketOwner>();
  /** Objects by bucket. */
  readonly objects = new Map<string, number>();
  readonly existingRepositories = new Set<string>();
  /** Images by repository. */
  readonly images = new Map<string, number>();
  jobs: readonly OpenJob[] = [];
  /** Jobs that do not end when they are told to. */
  stubborn = false;
  readonly queues = new Set<string>();
  readonly definitions = new Map<string, string[]>();
  /** By code; `undefined`: Service Quotas may not be asked. */
  quotas: ReadonlyMap<string, number> | undefined = new Map(VCPU_QUOTAS.map(({ code }) => [code, 512]));
  /** What it lacks. */
  lacks: readonly Finding[] = [];
  readonly calls: string[] = [];

  readonly buckets: BucketService = {
    owner: async (bucket) => this.bucketOwners.get(bucket) ?? "nobody",
    empty: async (bucket) => {
      this.calls.push(`empty ${bucket}`);
      const count = this.objects.get(bucket) ?? 0;
      this.objects.delete(bucket);
      return count;
    },
  };

  readonly repositories: RepositoryService = {
    exists: async (repository) => this.existingRepositories.has(repository),
    empty: async (repository) => {
      this.calls.push(`empty ${repository}`);
      const count = this.images.get(repository) ?? 0;
      this.images.delete(repository);
      return count;
    },
  };

  readonly batch: BatchService = {
    openJobs: async () => this.jobs,
    terminate: async (id) => {
      this.calls.push(`terminate ${id}`);
      if (!this.stubborn) this.jobs = this.jobs.filter((job) => job.id !== id);
    },
    activeDefinitions: async (name) => this.definitions.get(name) ?? [],
    deregister: async (arn) => {
      this.calls.push(`deregister ${arn}`);
      for (const [name, arns] of this.definitions)
        this.definitions.set(
          name,
          arns.filter((one) => one !== arn),
        );
    },
    queueExists: async (queue) => this.queues.has(queue),
    environmentsOf: async () => [],
    environmentExists: async () => false,
  };

  async vcpuQuotas(): Promise<ReadonlyMap<string, number>> {
    if (this.quotas !== undefined) return this.quotas;
    throw new AdapterError("denied", "servicequotas:GetServiceQuota is not allowed; allow it");
  }

  async preconditions(): Promise<readonly Finding[]> {
    return this.lacks;
  }

  async findNetwork(): Promise<{ readonly vpcId: string; readonly subnets: readonly string[] }> {
    return { vpcId: "vpc-0123456789abcdef0", subnets: ["subnet-0123456789abcdef0"] };
  }
}

/** Images in memory. */
export class FakeImages implements ImageStep {
  made = 0;
  /** Why the next one cannot be built. */
  broken: string | undefined;
  readonly #there = new Map<string, string>();

  async find(order: ImageOrder): Promise<string | undefined> {
    return this.#there.get(JSON.stringify(order));
  }

  async make(order: ImageOrder): Promise<string> {
    if (this.broken !== undefined) throw new AdapterError("unavailable", this.broken);
    this.made += 1;
    const uri = `${order.repository}@sha256:${String(this.made).repeat(64)}`;
    this.#there.set(JSON.stringify(order), uri);
    return uri;
  }
}
