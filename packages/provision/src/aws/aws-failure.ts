import { AdapterError, type AdapterErrorCode } from "@scaler-aws-hpc/adapter-core";

const DENIED =
  /^(?:AccessDenied|Forbidden|UnauthorizedOperation|UnrecognizedClient|InvalidClientTokenId|InvalidAccessKeyId|InvalidSignature|SignatureDoesNotMatch|NotAuthorized|OptInRequired|AuthFailure)/;
const EXPIRED = /^(?:ExpiredToken|RequestExpired|TokenRefreshRequired)/;
const THROTTLED = /^(?:TooManyRequests|Throttling|RequestLimitExceeded|SlowDown)/;
const NO_CREDENTIALS = /^(?:CredentialsProvider|TokenProvider)/;
const LIMIT = /^(?:LimitExceeded|ServiceQuotaExceeded|TooManyBuckets)/;
const BUSY = /^(?:OperationInProgress|InvalidChangeSetStatus)|_IN_PROGRESS state/;
const ABSENT = /^(?:NoSuch|ChangeSetNotFound|RepositoryNotFound|StackNotFound|ResourceNotFound)|does not exist/;

interface Thrown {
  readonly $fault?: unknown;
  readonly $metadata?: { readonly httpStatusCode?: unknown };
}

/** The action that AWS says is missing. One request may need several. */
export const deniedAction = (text: string): string | undefined =>
  /(?:not authorized to perform|is not authorized to perform|perform):? ([a-z0-9-]+:[A-Za-z]+)/.exec(text)?.[1];

/** What the SDK adds to an answer that it cannot read, for whoever debugs it. */
const SDK_HINT =
  /Deserialization error: to see the raw response, inspect the hidden field \{error\}\.\$response on this object\./g;

/** What a person can read of an error of the SDK, on one line; an answer to HEAD has no words. */
function wordsOf(reason: unknown): string {
  if (!(reason instanceof Error)) return String(reason).slice(0, 500);
  const inner = reason.message === "" && "errors" in reason ? String((reason.errors as unknown[])[0]) : reason.message;
  const words = inner.replaceAll(SDK_HINT, "").replaceAll(/\s+/g, " ").trim();
  return (words === "" || words === reason.name ? reason.name : `${reason.name}: ${words}`).slice(0, 700);
}

/**
 * The project's error for what the SDK threw. An abort is passed on as its reason, an error of ours as it is.
 * @param action the permission that the call needs, such as `cloudformation:CreateChangeSet`
 * @param doing what was tried, in words
 */
export function fromAws(reason: unknown, action: string, doing: string, signal?: AbortSignal): unknown {
  if (signal?.aborted) return signal.reason;
  const said = wordsOf(reason);
  const name = reason instanceof Error ? reason.name : "";
  const status = ((typeof reason === "object" && reason !== null ? reason : {}) as Thrown).$metadata?.httpStatusCode;
  const fail = (code: AdapterErrorCode, text: string): AdapterError =>
    new AdapterError(code, `${doing}: ${text}`, { cause: reason });
  if (name === "TypeError" && /Invalid URL/.test(said)) {
    const set = Object.keys(process.env).filter((variable) => variable.startsWith("AWS_ENDPOINT_URL"));
    const where = set.length > 0 ? set.join(", ") : "AWS_ENDPOINT_URL, endpoint_url of the profile";
    return fail("config", `expected a URL as the endpoint of AWS, got none; look at ${where}`);
  }
  if (EXPIRED.test(name)) return fail("denied", `the AWS credentials have expired; renew them (${said})`);
  if (NO_CREDENTIALS.test(name)) {
    return fail(
      "denied",
      `no AWS credentials were found; set AWS_PROFILE or log in, see \`aws sts get-caller-identity\` (${said})`,
    );
  }
  if (/^(?:InvalidClientTokenId|InvalidAccessKeyId|UnrecognizedClient|SignatureDoesNotMatch|AuthFailure)/.test(name)) {
    return fail("denied", `the AWS credentials are not valid; check the keys, the profile and the clock (${said})`);
  }
  if (DENIED.test(name) || status === 401 || status === 403) {
    const needed = deniedAction(said) ?? action;
    return fail(
      "denied",
      `${needed} is not allowed; allow it to the credentials that are used, or use others (${said})`,
    );
  }
  if (THROTTLED.test(name) || status === 429) return fail("throttled", said);
  if (BUSY.test(said)) return fail("conflict", said);
  if (ABSENT.test(said) || status === 404) return fail("missing", said);
  if (LIMIT.test(name)) return fail("rejected", `a quota of the account is used up: ${said}`);
  if (typeof status === "number" && status >= 400 && status < 500) return fail("rejected", said);
  if (typeof status === "number" && status >= 500) {
    return fail("unavailable", `AWS answered with HTTP ${status}; try again later (${said})`);
  }
  if (typeof status === "number" && status >= 200) {
    const next = "is there a proxy, or another endpoint?";
    return fail("unavailable", `the answer, with HTTP ${status}, is none of AWS; ${next} (${said})`);
  }
  return fail("unavailable", `AWS could not be reached; look at the network and the region (${said})`);
}
