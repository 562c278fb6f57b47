import type { S3 } from "@aws-sdk/client-s3";

/** The verbs of the SDK that the store uses, and the end of its sockets. */
export type S3Verbs = Pick<
  S3,
  | "abortMultipartUpload"
  | "completeMultipartUpload"
  | "createMultipartUpload"
  | "deleteObjects"
  | "getBucketEncryption"
  | "getBucketLifecycleConfiguration"
  | "getBucketPolicy"
  | "getObject"
  | "getPublicAccessBlock"
  | "headObject"
  | "listObjectsV2"
  | "putObject"
  | "uploadPart"
  | "destroy"
>;

/** What a client is made of. */
export interface S3ClientOptions {
  /** @default what the SDK's chain finds: AWS_REGION, then the profile */
  readonly region: string | undefined;
  /** Sockets at once. */
  readonly sockets: number;
  /** Milliseconds for a connection to come about. */
  readonly connectMs: number;
  /** Milliseconds without a byte after which an answer is given up. */
  readonly idleMs: number;
}

/** The region where nobody names one, as the original manager had it and the backend `batch` has. */
const FALLBACK_REGION = "us-east-1";

/** A client and the region that it signs for. */
export interface S3Client {
  readonly s3: S3Verbs;
  readonly region: string;
}

/**
 * Loads the SDK, which takes a tenth of a second, and makes a client with the SDK's default chain of credentials. The SDK itself repeats
 * nothing: who repeats a conditional put must know whether the attempt before it may have been carried out.
 */
export async function openS3Client(options: S3ClientOptions): Promise<S3Client> {
  const [{ S3 }, { NodeHttpHandler }, http, https] = await Promise.all([
    import("@aws-sdk/client-s3"),
    import("@smithy/node-http-handler"),
    import("node:http"),
    import("node:https"),
  ]);
  const agent = { keepAlive: true, maxSockets: options.sockets };
  const s3 = new S3({
    ...(options.region === undefined ? {} : { region: options.region }),
    maxAttempts: 1,
    // A bucket elsewhere is an error with the region to use: the runners must know it too.
    followRegionRedirects: false,
    // The handler would open a connection for each request that waits for `100 Continue`.
    expectContinueHeader: false,
    forcePathStyle: isLocal(process.env["AWS_ENDPOINT_URL_S3"] ?? process.env["AWS_ENDPOINT_URL"]),
    requestHandler: new NodeHttpHandler({
      connectionTimeout: options.connectMs,
      socketTimeout: options.idleMs,
      throwOnRequestTimeout: true,
      httpAgent: new http.Agent(agent),
      httpsAgent: new https.Agent(agent),
    }),
  });
  try {
    return { s3, region: await s3.config.region() };
  } catch {
    // Neither the user nor the environment nor a profile names one.
    s3.destroy();
    return await openS3Client({ ...options, region: FALLBACK_REGION });
  }
}

/** Whether an endpoint has no names of buckets in its domain: an address, or this machine. */
function isLocal(endpoint: string | undefined): boolean {
  if (endpoint === undefined || !URL.canParse(endpoint)) return false;
  const { hostname } = new URL(endpoint);
  return hostname === "localhost" || /^\d+(?:\.\d+){3}$|^\[/.test(hostname);
}
