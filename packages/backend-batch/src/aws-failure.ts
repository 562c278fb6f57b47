import { AdapterError, type AdapterErrorCode } from "@scaler-aws-hpc/adapter-core";

/**
 * What a failed request means.
 *
 * | kind | meaning | did the request take effect? |
 * |---|---|---|
 * | `throttled` | too many requests | no |
 * | `expired` | the credentials ran out | no |
 * | `unreachable` | no connection was made, or no credentials were there to sign with | no |
 * | `transient` | the connection broke, no answer came in time, or the service failed | nobody knows |
 * | `denied` | a permission is missing | no |
 * | `unknown-operation` | the service does not have this operation | no |
 * | `rejected` | the service refuses this request and always will | no |
 */
export type AwsFailureKind =
  | "throttled"
  | "expired"
  | "unreachable"
  | "transient"
  | "denied"
  | "unknown-operation"
  | "rejected";

const THROTTLED = /^(?:TooManyRequests|Throttling|ThrottlingException|RequestLimitExceeded|SlowDown)/;
const EXPIRED = /^(?:ExpiredToken|RequestExpired|TokenRefreshRequired)/;
const DENIED =
  /^(?:AccessDenied|UnauthorizedOperation|UnrecognizedClient|InvalidClientTokenId|InvalidSignature|SignatureDoesNotMatch|NotAuthorized|OptInRequired|MissingAuthenticationToken)/;
const UNKNOWN = /^(?:UnknownOperation|InvalidAction)/;
const NOT_SENT = new Set(["ECONNREFUSED", "ENOTFOUND", "EAI_AGAIN", "EHOSTUNREACH", "ENETUNREACH", "CERT_HAS_EXPIRED"]);

interface Thrown {
  readonly name?: unknown;
  readonly code?: unknown;
  readonly message?: unknown;
  readonly cause?: unknown;
  readonly $fault?: unknown;
  readonly $metadata?: { readonly httpStatusCode?: unknown; readonly clockSkewCorrected?: unknown };
}

/** Sorts what the SDK throws. Whatever is not known to be harmless counts as `transient`. */
export function classifyAwsFailure(reason: unknown): AwsFailureKind {
  const thrown = (typeof reason === "object" && reason !== null ? reason : {}) as Thrown;
  const name = String(thrown.name ?? "");
  const status = thrown.$metadata?.httpStatusCode;
  if (THROTTLED.test(name) || status === 429) return "throttled";
  if (EXPIRED.test(name)) return "expired";
  if (UNKNOWN.test(name) || status === 404 || status === 405 || status === 501) return "unknown-operation";
  if (DENIED.test(name) || status === 401 || status === 403) return "denied";
  if (/^(?:CredentialsProvider|TokenProvider)/.test(name) || NOT_SENT.has(codeOf(thrown))) return "unreachable";
  if (typeof status === "number" && status >= 400 && status < 500) return "rejected";
  return "transient";
}

/** The request was refused for this machine's clock, which the SDK has since allowed for. */
export function clockWasWrong(reason: unknown): boolean {
  const { $metadata } = (typeof reason === "object" && reason !== null ? reason : {}) as Thrown;
  return $metadata?.clockSkewCorrected === true;
}

/** The system's code of a broken connection; names may be tried several times, each with a code of its own. */
function codeOf(thrown: Thrown): string {
  if (typeof thrown.code === "string") return thrown.code;
  const inner = thrown.cause;
  return typeof inner === "object" && inner !== null ? codeOf(inner as Thrown) : "";
}

const CODES: Readonly<Record<AwsFailureKind, AdapterErrorCode>> = {
  throttled: "throttled",
  expired: "denied",
  unreachable: "unavailable",
  transient: "unavailable",
  denied: "denied",
  "unknown-operation": "rejected",
  rejected: "rejected",
};

/**
 * The project's error for what the SDK threw. An abort is passed on as it is.
 * @param action the permission that the request needs, such as `batch:SubmitJob`
 * @param doing what was tried, in words
 */
export function fromAws(reason: unknown, action: string, doing: string, signal?: AbortSignal): unknown {
  if (signal?.aborted) return signal.reason;
  const kind = classifyAwsFailure(reason);
  const said = saidBy(reason);
  const status = statusOf(reason);
  // One request may need several permissions, such as that for tags; AWS says which one it missed.
  const needed = /not authorized to perform: ([a-z0-9-]+:[A-Za-z]+)/.exec(said)?.[1] ?? action;
  const text =
    kind === "denied"
      ? `${doing}: ${needed} is not allowed; allow it in the policy of the manager's role, or use other credentials (${said})`
      : kind === "expired"
        ? `${doing}: the AWS credentials have expired; renew them (${said})`
        : kind === "unreachable"
          ? `${doing}: AWS could not be reached; look at the network, the region and the credentials (${said})`
          : `${doing}: ${status >= 500 ? `AWS answered with HTTP ${status}; try again later (${said})` : said}`;
  // Somebody may enable the queue again: its tasks need not fail for that.
  const passing = kind === "rejected" && /queue/i.test(said) && /disabled|not (?:in )?(?:enabled|valid)/i.test(said);
  return new AdapterError(passing ? "unavailable" : CODES[kind], text, { cause: reason });
}

function saidBy(reason: unknown): string {
  if (!(reason instanceof Error)) return String(reason).slice(0, 300);
  const inner = reason.message === "" && "errors" in reason ? String((reason.errors as unknown[])[0]) : reason.message;
  // One line, without what the SDK adds for whoever debugs it.
  const words = inner.replaceAll(SDK_HINT, "").replaceAll(/\s+/g, " ").trim();
  return `${reason.name}: ${words}`.slice(0, 500);
}

const SDK_HINT =
  /Deserialization error: to see the raw response, inspect the hidden field \{error\}\.\$response on this object\./g;

/** 0 when there was no answer. */
function statusOf(reason: unknown): number {
  const { $metadata } = (typeof reason === "object" && reason !== null ? reason : {}) as Thrown;
  return Number($metadata?.httpStatusCode ?? 0);
}
