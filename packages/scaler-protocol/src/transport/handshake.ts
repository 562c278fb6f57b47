import type { Duplex } from "node:stream";
import type { Magic } from "../codec/magic.ts";
import { isProtocolError, ProtocolError } from "../protocol-error.ts";
import { readGreeting, writeGreeting } from "./greeting.ts";
import { fromSocketError } from "./socket-error.ts";

/** What the peer turned out to be. */
export type Handshake =
  | { readonly speaks: "zmq" }
  | { readonly speaks: "ymq"; readonly magic: Magic; readonly remoteIdentity: string; readonly rest: Buffer };

/** No server names itself with more than this; a longer announcement is no identity. */
const MAX_IDENTITY_BYTES = 4096;

/**
 * Hears the peer's greeting out before it says a word (a ZeroMQ server would not understand it), and on YMQ answers it
 * and takes the peer's name. On success the stream is paused without listeners; on failure it is destroyed.
 *
 * @throws {ProtocolError} `version`, `malformed`, `limit`, `closed`; or the signal's reason.
 */
export async function shakeHands(
  stream: Duplex,
  identity: string,
  name: string,
  signal: AbortSignal,
): Promise<Handshake> {
  const { promise, resolve, reject } = Promise.withResolvers<Handshake>();
  let head: Buffer = Buffer.alloc(0);
  let magic: Magic | undefined;

  const fail = (reason: unknown): void => {
    detach();
    stream.destroy();
    reject(reason);
  };
  const succeed = (result: Handshake): void => {
    detach();
    stream.pause();
    resolve(result);
  };
  const onData = (chunk: Buffer): void => {
    head = head.length === 0 ? chunk : Buffer.concat([head, chunk]);
    try {
      if (magic === undefined) {
        const greeting = readGreeting(head);
        if (greeting.speaks === "undecided") return;
        if (greeting.speaks === "zmq") {
          succeed({ speaks: "zmq" });
          return;
        }
        magic = greeting.magic;
        head = head.subarray(greeting.bytes);
        stream.write(writeGreeting(magic, identity));
      }
      const frame = readIdentity(head);
      if (frame !== undefined) {
        succeed({ speaks: "ymq", magic, remoteIdentity: frame, rest: head.subarray(8 + Buffer.byteLength(frame)) });
      }
    } catch (reason) {
      fail(isProtocolError(reason) ? new ProtocolError(reason.code, `${name}: ${bare(reason)}`) : reason);
    }
  };
  const onError = (reason: unknown): void => fail(fromSocketError(reason, name, true));
  const onEnd = (): void => {
    const after = head.length === 0 && magic === undefined ? "before its greeting" : "during its greeting";
    fail(new ProtocolError("closed", `${name}: the peer closed the connection ${after}`));
  };
  const onAbort = (): void => fail(signal.reason);
  const detach = (): void => {
    signal.removeEventListener("abort", onAbort);
    stream.off("data", onData).off("error", onError).off("end", onEnd).off("close", onEnd);
  };
  signal.addEventListener("abort", onAbort);
  stream.on("data", onData).on("error", onError).on("end", onEnd).on("close", onEnd);
  if (signal.aborted) onAbort();
  // The stream may have ended between its opening and this call.
  else if (stream.destroyed) onError(stream.errored ?? new Error("the connection closed"));
  return promise;
}

/** The peer's name, once it is there. Names are UTF-8: other bytes would not survive the way back. */
function readIdentity(bytes: Buffer): string | undefined {
  if (bytes.length < 8) return undefined;
  const length = bytes.readBigUInt64LE();
  if (length > MAX_IDENTITY_BYTES) {
    throw new ProtocolError(
      "limit",
      `the peer announced a name of ${length} bytes, at most ${MAX_IDENTITY_BYTES} are accepted`,
    );
  }
  const end = 8 + Number(length);
  if (bytes.length < end) return undefined;
  const name = bytes.toString("utf8", 8, end);
  if (Buffer.byteLength(name) !== Number(length)) {
    throw new ProtocolError("malformed", "the peer's name is not UTF-8");
  }
  return name;
}

function bare(reason: ProtocolError): string {
  return reason.message.replace(/^\[[a-z]+\] /, "");
}
