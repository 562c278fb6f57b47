/**
 * What went wrong, as a closed set. Whether to retry is a fact of the code: see {@link RETRYABLE}.
 *
 * | code | meaning |
 * |---|---|
 * | `unavailable` | may pass later: the network, a service, a full disk |
 * | `throttled` | asked to slow down |
 * | `denied` | a permission is missing; the message names the action |
 * | `config` | a setting is wrong; the message names it, what was expected and what to do |
 * | `rejected` | the service refuses this request and always will |
 * | `too-large` | a payload is above a limit; the message names the limit |
 * | `corrupt` | bytes are not what was written: bad magic, length, digest or signature |
 * | `missing` | an object that must exist does not |
 * | `incompatible` | two versions of a contract or format do not fit |
 * | `conflict` | another owner holds what was asked for |
 * | `internal` | a bug of ours |
 */
export type AdapterErrorCode =
  | "unavailable"
  | "throttled"
  | "denied"
  | "config"
  | "rejected"
  | "too-large"
  | "corrupt"
  | "missing"
  | "incompatible"
  | "conflict"
  | "internal";

/** Codes after which the same call may succeed. */
export const RETRYABLE: ReadonlySet<AdapterErrorCode> = new Set<AdapterErrorCode>(["unavailable", "throttled"]);

const brand = Symbol.for("@scaler-aws-hpc/adapter-core/AdapterError");

/** The one error class of this package and of the plugins that build on it. `message` reads `[code] text`. */
export class AdapterError extends Error {
  override readonly name = "AdapterError";
  readonly code: AdapterErrorCode;
  readonly [brand] = true;

  constructor(code: AdapterErrorCode, detail: string, options?: ErrorOptions) {
    super(`[${code}] ${detail}`, options);
    this.code = code;
  }
}

/** Recognises an {@link AdapterError} by brand: a plugin may bring its own copy of this package. */
export function isAdapterError(value: unknown): value is AdapterError {
  return typeof value === "object" && value !== null && brand in value;
}
