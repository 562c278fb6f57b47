import type { AbortOptions, Finding } from "@scaler-aws-hpc/adapter-core";
import type { QuotaSource } from "../quotas/quota-findings.ts";
import type { ProvisionSettings } from "../settings/provision-settings.ts";
import type { StackService } from "../stacks/stack-service.ts";
import type { BatchService } from "./batch.ts";
import type { BucketService } from "./bucket.ts";
import type { Network, NetworkChoice } from "./network.ts";
import type { RepositoryService } from "./repository.ts";

/** An account and region of AWS, as far as provisioning looks at it. */
export interface Account extends QuotaSource {
  /** 12 digits. */
  readonly id: string;
  readonly stacks: StackService;
  readonly buckets: BucketService;
  readonly repositories: RepositoryService;
  readonly batch: BatchService;
  /** @throws {AdapterError} `config` when there are no subnets to use */
  findNetwork(choice: NetworkChoice, options?: AbortOptions): Promise<Network>;
  /** What it lacks for machines of these settings. @throws {AdapterError} `unavailable` */
  preconditions(settings: ProvisionSettings, options?: AbortOptions): Promise<readonly Finding[]>;
}

/**
 * Opens the account of the credentials that the SDK finds.
 * @throws {AdapterError} `config` for what is no region, `denied` without valid credentials, `unavailable`
 */
export async function openAccount(region: string, options: AbortOptions = {}): Promise<Account & Disposable> {
  const [
    { accountOf, assertRegion },
    { openStackService },
    { openBuckets },
    { openRepositories },
    { openBatch },
    { findNetwork },
    quotas,
  ] = await Promise.all([
    import("./identity.ts"),
    import("../stacks/sdk-stack-service.ts"),
    import("./bucket.ts"),
    import("./repository.ts"),
    import("./batch.ts"),
    import("./network.ts"),
    import("../quotas/sdk-quotas.ts"),
  ]);
  assertRegion(region);
  const id = await accountOf(region, options);
  const stacks = await openStackService(region);
  const buckets = await openBuckets(region, id);
  const repositories = await openRepositories(region);
  const batch = await openBatch(region);
  return {
    id,
    region,
    stacks,
    buckets,
    repositories,
    batch,
    vcpuQuotas: (wanted, opts) => quotas.askQuotas(region, wanted, opts),
    findNetwork: (choice, opts) => findNetwork(region, choice, opts),
    preconditions: async (settings, opts) => {
      const [{ SdkAccount }, { plannedFindings }] = await Promise.all([
        import("../checks/sdk-account.ts"),
        import("../checks/planned-findings.ts"),
      ]);
      const looked = new SdkAccount(region);
      try {
        return await plannedFindings(looked, settings, opts);
      } finally {
        await looked.close();
      }
    },
    [Symbol.dispose]: () => {
      for (const service of [stacks, buckets, repositories, batch]) service[Symbol.dispose]();
    },
  };
}
