import { AdapterError, type AdapterErrorCode } from "@scaler-aws-hpc/adapter-core";
import { isProtocolError, type ProtocolError, type ProtocolErrorCode } from "@scaler-aws-hpc/scaler-protocol";

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

const HOSTILE: ReadonlySet<ProtocolErrorCode> = new Set(["malformed", "truncated", "limit"]);

/** Whether a connection ended because of bytes that break the format or a limit. */
export const isHostile = (reason: ProtocolError | undefined): boolean =>
  reason !== undefined && HOSTILE.has(reason.code);

/** What went wrong on the wire, in the engine's words. An abort stays what it is. */
export function toAdapterError(reason: unknown, doing: string, signal?: AbortSignal): unknown {
  if (signal?.aborted) return signal.reason;
  if (!isProtocolError(reason)) return new AdapterError("internal", `${doing}: ${reason}`, { cause: reason });
  return new AdapterError(CODES[reason.code], `${doing}: ${reason.message}`, { cause: reason });
}
