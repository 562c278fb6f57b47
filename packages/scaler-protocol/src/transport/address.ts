import { isIPv6 } from "node:net";
import { ProtocolError } from "../protocol-error.ts";

/** How bytes travel: plain TCP, TLS, or a WebSocket over either. */
export type Scheme = "tcp" | "tls" | "ws" | "wss";

/** Where a scheduler or an object storage listens. */
export interface Address {
  readonly scheme: Scheme;
  /** Host name or literal address; an IPv6 literal stands without its brackets. Names are resolved at each connect. */
  readonly host: string;
  /** 1 to 65535. */
  readonly port: number;
  /** Path of the WebSocket upgrade, beginning with `/`; always empty for `tcp` and `tls`. */
  readonly path: string;
}

const SCHEMES: ReadonlySet<string> = new Set<Scheme>(["tcp", "tls", "ws", "wss"]);
const EXPECTED = "expected tcp://HOST:PORT (or tls://, ws://, wss://)";
// Letters, digits, dot, hyphen, underscore: what resolvers accept; a `%zone` may follow an IPv6 literal.
const HOST_NAME = /^[A-Za-z0-9_]([A-Za-z0-9_.-]*[A-Za-z0-9_.])?$/;

/**
 * Reads `scheme://host:port[/path]`.
 *
 * Stricter than the scheduler's own reading (the port must be 1 to 65535), but host names are welcome.
 * A lone trailing slash is tolerated everywhere; any other path only where an HTTP upgrade can carry it.
 *
 * @throws {ProtocolError} `address`, naming what was expected and what came.
 */
export function parseAddress(text: string): Address {
  const refuse = (why: string): ProtocolError =>
    new ProtocolError("address", `${JSON.stringify(text.slice(0, 200))}: ${why}; ${EXPECTED}`);

  const separator = text.indexOf("://");
  if (separator < 0) throw refuse("there is no scheme");
  const scheme = text.slice(0, separator);
  if (!isScheme(scheme)) throw refuse(`the scheme ${JSON.stringify(scheme)} is not spoken here`);

  const rest = text.slice(separator + 3);
  const slash = rest.indexOf("/");
  const authority = slash < 0 ? rest : rest.slice(0, slash);
  const path = slash < 0 ? "" : rest.slice(slash);

  const colon = authority.lastIndexOf(":");
  if (colon < 0) throw refuse("there is no port");
  const host = readHost(authority.slice(0, colon));
  if (host === undefined)
    throw refuse(`the host ${JSON.stringify(authority.slice(0, colon))} is not a name or address`);
  const digits = authority.slice(colon + 1);
  const port = /^[0-9]{1,5}$/.test(digits) ? Number(digits) : 0;
  if (port < 1 || port > 65_535) throw refuse(`the port ${JSON.stringify(digits)} is not a number from 1 to 65535`);

  if (scheme === "ws" || scheme === "wss") {
    // Spaces and control characters would end the request line early.
    if (!/^[\x21-\x7e]*$/.test(path)) throw refuse("the path has characters that a URL may not hold");
    return { scheme, host, port, path: path === "" ? "/" : path };
  }
  if (path !== "" && path !== "/") throw refuse(`${scheme}:// takes no path, got ${JSON.stringify(path)}`);
  return { scheme, host, port, path: "" };
}

/** The text form of an address, as {@link parseAddress} reads it: for log lines and error texts. */
export function formatAddress(address: Address): string {
  const host = address.host.includes(":") ? `[${address.host}]` : address.host;
  return `${address.scheme}://${host}:${address.port}${address.path === "/" ? "" : address.path}`;
}

function isScheme(text: string): text is Scheme {
  return SCHEMES.has(text);
}

function readHost(text: string): string | undefined {
  const bare = text.startsWith("[") && text.endsWith("]") ? text.slice(1, -1) : text;
  if (isIPv6(bare)) return bare;
  return bare === text && text.length <= 253 && HOST_NAME.test(text) ? text : undefined;
}
