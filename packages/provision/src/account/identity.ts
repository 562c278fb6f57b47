import { type AbortOptions, AdapterError } from "@scaler-aws-hpc/adapter-core";
import { fromAws } from "../aws/aws-failure.ts";
import { clientOptions, sending } from "../aws/sdk-options.ts";
import { isRegion } from "../settings/settings-defaults.ts";

/** The region where nobody names one, as in the original. */
const FALLBACK_REGION = "us-east-1";

/** The region by the environment, then by the profile, then the original's default. */
export async function configuredRegion(environment: Readonly<Record<string, string | undefined>>): Promise<string> {
  for (const name of ["SCALER_AWS_HPC_AWS_REGION", "SCALER_AWS_REGION", "AWS_REGION", "AWS_DEFAULT_REGION"]) {
    if (environment[name]) return environment[name];
  }
  const { STSClient } = await import("@aws-sdk/client-sts");
  const client = new STSClient({});
  try {
    return await client.config.region();
  } catch {
    return FALLBACK_REGION;
  } finally {
    client.destroy();
  }
}

/**
 * A region becomes part of a host's name: what is none would be looked for in the network.
 * @throws {AdapterError} `config`
 */
export function assertRegion(region: string): void {
  if (isRegion(region)) return;
  const text = `--region: expected a region of AWS, such as eu-west-1, got ${JSON.stringify(region)}; without the flag it is that of AWS_REGION, AWS_DEFAULT_REGION or the profile`;
  throw new AdapterError("config", text);
}

/**
 * The account of the credentials: 12 digits.
 * @throws {AdapterError} `denied` without valid credentials, `unavailable`
 */
export async function accountOf(region: string, options: AbortOptions = {}): Promise<string> {
  const { STSClient, GetCallerIdentityCommand } = await import("@aws-sdk/client-sts");
  const client = new STSClient(clientOptions(region));
  try {
    const { Account } = await client.send(new GetCallerIdentityCommand({}), sending(options.signal));
    if (Account === undefined)
      throw new AdapterError("unavailable", "sts:GetCallerIdentity answered without an account");
    return Account;
  } catch (reason) {
    throw fromAws(reason, "sts:GetCallerIdentity", "asking AWS who we are", options.signal);
  } finally {
    client.destroy();
  }
}
