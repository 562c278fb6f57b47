import { isProtocolError, ProtocolError } from "../protocol-error.ts";

const UNREACHABLE: ReadonlySet<string> = new Set([
  "ECONNREFUSED",
  "EHOSTUNREACH",
  "EHOSTDOWN",
  "ENETUNREACH",
  "ENETDOWN",
  "EADDRNOTAVAIL",
  "ENOTFOUND",
  "EAI_AGAIN",
  "EAI_FAIL",
  "EAI_NODATA",
  "EACCES",
  "EPERM",
  "ETIMEDOUT",
]);

// OpenSSL's verification results carry no common prefix; these are the ones Node reports as `code`.
const TLS_CODE =
  /^(ERR_TLS_|ERR_SSL_|ERR_OSSL_|CERT_|UNABLE_TO_|DEPTH_ZERO_|SELF_SIGNED_|CRL_|HOSTNAME_MISMATCH|INVALID_CA|INVALID_PURPOSE|PATH_LENGTH_|ERROR_IN_CERT|EPROTO)/;

/**
 * Makes a {@link ProtocolError} of what a socket, a TLS session or a WebSocket reported: the one place where foreign
 * errors are told apart.
 *
 * @param doing what was attempted, for the text: `connect to tcp://host:1`
 * @param connected the link stood already, so an end is `closed`, not `unreachable`
 */
export function fromSocketError(reason: unknown, doing: string, connected: boolean): ProtocolError {
  if (isProtocolError(reason)) return reason;
  const code = codeOf(reason);
  const text = textOf(reason, code);
  const options = { cause: reason };
  if (code === "WS_ERR_UNSUPPORTED_MESSAGE_LENGTH" || code === "WS_ERR_TOO_MANY_BUFFERED_PARTS") {
    return new ProtocolError("limit", `${doing}: ${text}`, options);
  }
  if (code.startsWith("WS_ERR_") || code.startsWith("HPE_") || /^Unexpected server response|^Invalid /.test(text)) {
    return new ProtocolError("malformed", `${doing}: expected a WebSocket peer, got: ${text}`, options);
  }
  if (TLS_CODE.test(code)) return new ProtocolError("tls", `${doing}: ${text}${tlsHint(code)}`, options);
  if (!connected && UNREACHABLE.has(code)) return new ProtocolError("unreachable", `${doing}: ${text}`, options);
  return new ProtocolError("closed", `${doing}: ${text}`, options);
}

function codeOf(reason: unknown): string {
  if (typeof reason !== "object" || reason === null) return "";
  // A name with several addresses fails as an AggregateError; its first member tells as much as the rest.
  if (reason instanceof AggregateError && !("code" in reason)) return codeOf(reason.errors[0]);
  return "code" in reason && typeof reason.code === "string" ? reason.code : "";
}

function textOf(reason: unknown, code: string): string {
  if (reason instanceof AggregateError) {
    return reason.errors.map((each) => textOf(each, codeOf(each))).join("; ") || code;
  }
  if (!(reason instanceof Error)) return String(reason);
  // OpenSSL's own message names source lines; its reason is what a person can use.
  if ("reason" in reason && typeof reason.reason === "string") return reason.reason;
  return reason.message === "" ? code : reason.message;
}

function tlsHint(code: string): string {
  if (code === "ERR_TLS_CERT_ALTNAME_INVALID") return "; the certificate is for another name";
  if (code === "EPROTO" || code.startsWith("ERR_SSL_")) return "; is this a TLS port?";
  if (/SELF_SIGNED|UNABLE_TO_/.test(code)) return "; its authority is not trusted here: pass its certificate as `ca`";
  return "";
}
