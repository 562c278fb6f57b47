import { AdapterError, type AdapterErrorCode } from "@scaler-aws-hpc/adapter-core";
import { isProtocolError, type ProtocolErrorCode } from "@scaler-aws-hpc/scaler-protocol";

const CODES: Readonly<Record<ProtocolErrorCode, AdapterErrorCode>> = {
  unreachable: "unavailable",
  closed: "unavailable",
  timeout: "unavailable",
  storage: "unavailable",
  tls: "config",
  address: "config",
  version: "incompatible",
  // What answers at that address is no Scaler server.
  malformed: "incompatible",
  truncated: "incompatible",
  limit: "too-large",
};

/** What went wrong on the wire, in the engine's words. An abort stays what it is. */
export function toAdapterError(reason: unknown, doing: string, signal?: AbortSignal): unknown {
  if (signal?.aborted) return signal.reason;
  if (!isProtocolError(reason)) return new AdapterError("internal", `${doing}: ${reason}`, { cause: reason });
  return new AdapterError(CODES[reason.code], `${doing}: ${reason.message}`, { cause: reason });
}
