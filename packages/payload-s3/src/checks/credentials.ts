import { AdapterError, type Finding, ok } from "@scaler-aws-hpc/adapter-core";

/** What the SDK's chain found. */
interface FoundCredentials {
  readonly expiration?: Date | undefined;
  /** How they were found: names that the SDK keeps for its user agent. */
  readonly $source?: Readonly<Record<string, unknown>> | undefined;
}

/** The SDK's names of sources, the most telling first: several hold where one leads to another. */
const SOURCES: readonly (readonly [RegExp, string])[] = [
  [
    /ENV_VARS_STS_WEB_ID_TOKEN|STS_ASSUME_ROLE_WEB_ID/,
    "a web identity token (a role of a Kubernetes service account, or alike)",
  ],
  [/STS_ASSUME_ROLE/, "a role that a profile assumes"],
  [/SSO/, "a profile's SSO login"],
  [/LOGIN/, "a profile's console login"],
  [/PROCESS/, "a program that a profile names"],
  [/HTTP/, "the container's role"],
  [/IMDS/, "the instance's role"],
  [/ENV_VARS/, "AWS_ACCESS_KEY_ID of the environment"],
  [/PROFILE/, "keys of a profile in the shared files"],
];

/** Where the SDK's default chain found credentials. @throws {AdapterError} `denied` when it found none */
export async function credentialsFinding(region: string): Promise<readonly Finding[]> {
  const { S3 } = await import("@aws-sdk/client-s3");
  const client = new S3({ region });
  try {
    const found: FoundCredentials = await client.config.credentials();
    const until =
      found.expiration === undefined ? "" : `, valid until ${found.expiration.toISOString()} and renewed then`;
    return [ok(`found in ${sourceText(found)}${until}; region ${region}`)];
  } catch (cause) {
    const why = cause instanceof Error ? (cause.message.split("\n")[0] ?? "") : String(cause);
    const text = `none were found (${why.replaceAll(";", ",")}); set AWS_PROFILE, log in with \`aws sso login\` or \`aws configure\`, set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or give this machine a role`;
    throw new AdapterError("denied", text, { cause });
  } finally {
    client.destroy();
  }
}

/** Where credentials came from, in words. */
export function sourceText({ $source = {} }: FoundCredentials): string {
  const names = Object.keys($source);
  return SOURCES.find(([pattern]) => names.some((name) => pattern.test(name)))?.[1] ?? "the SDK's default chain";
}
