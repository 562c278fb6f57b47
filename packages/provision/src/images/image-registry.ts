import type * as Sdk from "@aws-sdk/client-ecr";
import { AdapterError } from "@scaler-aws-hpc/adapter-core";
import { fromAws } from "../aws/aws-failure.ts";
import { clientOptions, sending } from "../aws/sdk-options.ts";

/** What `login` of an engine needs. The password goes to its standard input and nowhere else. */
export interface RegistryLogin {
  readonly registry: string;
  readonly user: string;
  readonly password: string;
}

/** What pushing needs to know of a registry. */
export interface ImageRegistry {
  /** Credentials for a push; those of ECR hold for 12 hours. */
  login(options?: { signal?: AbortSignal }): Promise<RegistryLogin>;
  /** `sha256:...` of the image with this tag, `undefined` when there is none. */
  digestOf(tag: string, options?: { signal?: AbortSignal }): Promise<string | undefined>;
}

// Source: the ECR user guide, "Private registry"; .cn in China, -fips for FIPS endpoints.
const ECR =
  /^(\d{12}\.dkr\.ecr(?:-fips)?\.([a-z]{2}(?:-[a-z]+)+-\d)\.amazonaws\.com(?:\.cn)?)\/([a-z0-9][a-z0-9._/-]*)$/;

/**
 * The ECR repository of a URI. Loads the SDK, not before it is needed.
 * @param uri such as `123456789012.dkr.ecr.eu-west-1.amazonaws.com/my-tasks`, without a tag
 * @throws {AdapterError} `config` for another one
 */
export async function openEcr(uri: string): Promise<ImageRegistry & Disposable> {
  const [, registry = "", region = "", repositoryName = ""] = ECR.exec(uri) ?? [];
  if (registry === "") {
    const expected = "ACCOUNT.dkr.ecr.REGION.amazonaws.com/NAME without a tag (that is said with --repository-tag)";
    throw new AdapterError("config", `--repository: expected ${expected}, got ${JSON.stringify(uri)}`);
  }
  const sdk = await import("@aws-sdk/client-ecr");
  const client = new sdk.ECRClient(clientOptions(region));
  return {
    async login({ signal } = {}) {
      try {
        const answer = await client.send(new sdk.GetAuthorizationTokenCommand({}), sending(signal));
        return { registry, ...decodeToken(answer.authorizationData?.[0]?.authorizationToken) };
      } catch (reason) {
        throw fromAws(reason, "ecr:GetAuthorizationToken", `log in to ${registry}`, signal);
      }
    },
    async digestOf(imageTag, { signal } = {}) {
      try {
        const command = new sdk.DescribeImagesCommand({ repositoryName, imageIds: [{ imageTag }] });
        const { imageDetails = [] } = await client.send(command, sending(signal));
        return imageDetails[0]?.imageDigest;
      } catch (reason) {
        if (reason instanceof sdk.ImageNotFoundException) return undefined;
        throw refused(sdk, reason, uri, signal);
      }
    },
    [Symbol.dispose]: () => client.destroy(),
  };
}

function refused(sdk: typeof Sdk, reason: unknown, uri: string, signal: AbortSignal | undefined): unknown {
  if (reason instanceof sdk.RepositoryNotFoundException) {
    return new AdapterError("config", `repository ${uri} does not exist; \`provision apply\` makes one`, {
      cause: reason,
    });
  }
  return fromAws(reason, "ecr:DescribeImages", `repository ${uri}`, signal);
}

/** `user:password` in base64. The words of an error have nothing of it. */
function decodeToken(token: string | undefined): { readonly user: string; readonly password: string } {
  const text = Buffer.from(token ?? "", "base64").toString("utf8");
  const colon = text.indexOf(":");
  if (colon < 1 || colon === text.length - 1) throw new AdapterError("rejected", "ECR answered without a login token");
  return { user: text.slice(0, colon), password: text.slice(colon + 1) };
}
