import type { AbortOptions } from "@scaler-aws-hpc/adapter-core";
import { fromAws } from "../aws/aws-failure.ts";
import { clientOptions, sending } from "../aws/sdk-options.ts";
import type { VcpuQuota } from "./vcpu-quotas.ts";

/** Where there is no way to Service Quotas, nobody waits long to be told so: subnets may have endpoints for everything else alone. */
const ATTEMPTS = 2;

/** Asks Service Quotas, with a client of its own. @throws {AdapterError} `denied`, `unavailable`, `throttled` */
export async function askQuotas(
  region: string,
  quotas: readonly VcpuQuota[],
  { signal }: AbortOptions = {},
): Promise<ReadonlyMap<string, number>> {
  const { GetServiceQuotaCommand, NoSuchResourceException, ServiceQuotasClient } = await import(
    "@aws-sdk/client-service-quotas"
  );
  const client = new ServiceQuotasClient({ ...clientOptions(region), maxAttempts: ATTEMPTS });
  const ask = async ({ service, code, name }: VcpuQuota): Promise<readonly (readonly [string, number])[]> => {
    try {
      const command = new GetServiceQuotaCommand({ ServiceCode: service, QuotaCode: code });
      const { Quota } = await client.send(command, sending(signal));
      return Quota?.Value === undefined ? [] : [[code, Quota.Value]];
    } catch (reason) {
      // What is as it was when the account was made may have no value of the account's own.
      if (reason instanceof NoSuchResourceException) return [];
      throw fromAws(reason, "servicequotas:GetServiceQuota", `quota of ${name}`, signal);
    }
  };
  try {
    return new Map((await Promise.all(quotas.map(ask))).flat());
  } finally {
    client.destroy();
  }
}
