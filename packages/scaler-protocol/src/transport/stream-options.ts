import { isIP } from "node:net";
import type { ConnectionOptions } from "node:tls";
import type { Address } from "./address.ts";
import type { TlsOptions } from "./connection.ts";

/** What a stream needs to be opened beside the address. */
export interface OpenStreamOptions {
  readonly tls?: TlsOptions | undefined;
  /** Longest WebSocket message that can hold a legal frame, in bytes. */
  readonly maxMessageBytes: number;
  /** Gives up; the stream is destroyed. */
  readonly signal: AbortSignal;
}

/** Idle time before TCP probes the peer. Heartbeats find a dead one long before; this ends links without any. */
export const KEEP_ALIVE_MS = 30_000;

/** Node's TLS settings for an address: verification on, the name sent along (SNI) where there is one. */
export function tlsSettings(address: Address, tls: TlsOptions | undefined): ConnectionOptions {
  return {
    minVersion: "TLSv1.2",
    rejectUnauthorized: tls?.insecure !== true,
    ...(tls?.ca === undefined ? {} : { ca: typeof tls.ca === "string" ? tls.ca : Buffer.from(tls.ca) }),
    ...(isIP(address.host) === 0 ? { servername: address.host } : {}),
  };
}
