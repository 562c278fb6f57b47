/**
 * What went wrong, as a closed set.
 *
 * - `malformed`: bytes (or a message to encode) that break the format; the peer is not to be trusted further
 * - `truncated`: a frame that ends before what it announces
 * - `limit`: well-formed so far, but beyond a configured bound; nothing was allocated for it
 * - `version`: a peer of a protocol version that is not spoken here
 * - `unreachable`: no connection could be made
 * - `closed`: the link ended while something waited for it
 * - `timeout`: nothing came within the time allowed
 * - `tls`: the secure handshake failed, most often an unknown certificate authority
 * - `address`: an address that cannot be read
 * - `storage`: the object storage answered something other than what was asked
 */
export type ProtocolErrorCode =
  | "malformed"
  | "truncated"
  | "limit"
  | "version"
  | "unreachable"
  | "closed"
  | "timeout"
  | "tls"
  | "address"
  | "storage";

const brand = Symbol.for("@scaler-aws-hpc/scaler-protocol/ProtocolError");

/** The one error class of this package. `message` is `[code] text`; `cause` holds the foreign error, where there was one. */
export class ProtocolError extends Error {
  override readonly name = "ProtocolError";
  /** Which of the closed set of failures this is. */
  readonly code: ProtocolErrorCode;
  readonly [brand] = true;

  constructor(code: ProtocolErrorCode, detail: string, options?: ErrorOptions) {
    super(`[${code}] ${detail}`, options);
    this.code = code;
  }
}

/** Recognises a {@link ProtocolError} of any copy of this package in the process. */
export const isProtocolError = (value: unknown): value is ProtocolError =>
  typeof value === "object" && value !== null && brand in value;
