import { AdapterError, type AdapterErrorCode } from "@scaler-aws-hpc/adapter-core";

/** What was tried, for errors. */
export interface Attempted {
  /** In words, e.g. `put v1/in/m/job-1`. */
  readonly doing: string;
  /** The permission that it needs, e.g. `s3:PutObject`. */
  readonly action: string;
  readonly bucket: string;
  readonly region: string;
  readonly owner: string | undefined;
}

/** An error of the service or of the way to it, taken apart. */
export interface S3Failure {
  /** The service's code, or the SDK's or Node's name of the error. */
  readonly name: string;
  /** 0 when there was no answer. */
  readonly status: number;
  readonly message: string;
  /** Region of the bucket, where the service named it. */
  readonly region: string | undefined;
}

const THROTTLED = new Set([
  "SlowDown",
  "Throttling",
  "ThrottlingException",
  "RequestLimitExceeded",
  "TooManyRequests",
  "TooManyRequestsException",
]);
const DENIED = new Set([
  "AccessDenied",
  "AllAccessDisabled",
  "Forbidden",
  "InvalidAccessKeyId",
  "SignatureDoesNotMatch",
  "AccountProblem",
  "InvalidToken",
  "ExpiredToken",
  "ExpiredTokenException",
  "TokenRefreshRequired",
  "CredentialsProviderError",
]);
const ELSEWHERE = new Set([
  "PermanentRedirect",
  "TemporaryRedirect",
  "AuthorizationHeaderMalformed",
  "IllegalLocationConstraintException",
]);
const TRANSIENT = new Set([
  "InternalError",
  "ServiceUnavailable",
  "RequestTimeout",
  "RequestTimeTooSkewed",
  "OperationAborted",
  "BadDigest",
]);

/** Connections that broke, also in the middle of an answer, and answers that cannot be read. */
const BROKEN = /^(?:E[A-Z]{3,}|TimeoutError|SyntaxError|IncompleteBody)$/;

const SDK_PREFIX = /^@smithy\/[a-z-]+ - (?:\[ERROR\] )?/;
const NAMELESS = new Set(["Error", "AggregateError", "Unknown", "UnknownError"]);

/** Takes an error apart; `undefined` for what came neither from S3 nor from the way there. */
export function s3Failure(reason: unknown): S3Failure | undefined {
  if (!(reason instanceof Error)) return undefined;
  const status = Number(field(field(reason, "$metadata"), "httpStatusCode") ?? 0);
  const headers = field(field(reason, "$response"), "headers");
  const region = text(field(headers, "x-amz-bucket-region")) ?? text(field(reason, "Region"));
  // The SDK makes `Unknown` or the bare status of an answer without a body, as every one to HEAD is.
  const code = text(field(reason, "code")) ?? text(field(reason, "Code"));
  const nameless = NAMELESS.has(reason.name) || (code !== undefined && BROKEN.test(code));
  const [first = ""] = reason.message.replace(SDK_PREFIX, "").split("\n");
  const message = NAMELESS.has(first) || first === reason.name ? "" : first;
  return { name: nameless ? (code ?? reason.name) : reason.name, status, message, region };
}

/** The contract's code of a failure; those of {@link RETRYABLE} are tried again. */
export function codeOf({ name, status, message }: S3Failure): AdapterErrorCode {
  if (BROKEN.test(name)) return "unavailable";
  if (/checksum mismatch/i.test(message)) return "corrupt";
  if (THROTTLED.has(name) || status === 429) return "throttled";
  if (TRANSIENT.has(name) || status >= 500) return "unavailable";
  if (name === "NoSuchBucket" || ELSEWHERE.has(name) || status === 301 || status === 307) return "config";
  if (DENIED.has(name) || status === 401 || status === 403) return "denied";
  if (name === "EntityTooLarge") return "too-large";
  if (/Region is missing|Could not resolve credentials/i.test(message)) return "config";
  return status >= 400 ? "rejected" : "unavailable";
}

/** The contract's error for a failure: who, what, where, and what to do. */
export function adapterError(failure: S3Failure, attempted: Attempted, cause: unknown): AdapterError {
  const code = codeOf(failure);
  return new AdapterError(code, `${attempted.doing}: ${words(code, failure, attempted)}`, { cause });
}

function words(code: AdapterErrorCode, failure: S3Failure, { action, bucket, region, owner }: Attempted): string {
  const { name, message } = failure;
  if (name === "NoSuchBucket") return `bucket ${bucket} does not exist; create it or name another with --s3-bucket`;
  if (code === "config" && (ELSEWHERE.has(name) || failure.status > 0)) {
    const other = failure.region ?? /expecting '([a-z0-9-]+)'/.exec(message)?.[1];
    return `bucket ${bucket} is not in ${region}; ${other ? `use --aws-region ${other}` : "name its region with --aws-region"}`;
  }
  if (code === "denied") return denied(failure, action, bucket, owner);
  const status = failure.status === 0 ? "" : ` (${failure.status})`;
  const hint = name === "ENOTFOUND" ? `; is ${region} a region?` : "";
  return `bucket ${bucket}: ${name}${status}${message === "" ? "" : `: ${message}`}${hint}`;
}

function denied({ name, message }: S3Failure, action: string, bucket: string, owner: string | undefined): string {
  if (/Expired/.test(name)) return `the AWS credentials are expired (${name}); renew them`;
  if (name === "CredentialsProviderError") return `no AWS credentials were found: ${message}`;
  if (name === "InvalidAccessKeyId" || name === "SignatureDoesNotMatch" || name === "InvalidToken") {
    return `the AWS credentials are not valid (${name}); check the keys, the profile and the clock`;
  }
  // AWS names the action when it is another one than the request's, e.g. `kms:GenerateDataKey`.
  const refused = /perform: ([a-z0-9-]+:[A-Za-z]+)/.exec(message)?.[1] ?? action;
  const other = owner === undefined ? "" : `, or the bucket is not of account ${owner}`;
  return `${refused} on bucket ${bucket} is denied${other}; allow it to the credentials that are used${message === "" ? "" : ` (${message})`}`;
}

function field(from: unknown, name: string): unknown {
  return typeof from === "object" && from !== null ? (from as Readonly<Record<string, unknown>>)[name] : undefined;
}

function text(value: unknown): string | undefined {
  return typeof value === "string" && value !== "" ? value : undefined;
}
