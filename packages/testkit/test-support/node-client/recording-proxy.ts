import { type AddressInfo, connect, createServer } from "node:net";
import { decodeMessage, type Magic, type SchedulerMessage, type UnknownMessage } from "@scaler-aws-hpc/scaler-protocol";

/** A proxy in front of a scheduler that speaks YMQ, which keeps what the first client says. */
export interface RecordingProxy extends AsyncDisposable {
  readonly address: string;
  /** All that has been said so far, heartbeats left out. */
  said(magic: Magic): (SchedulerMessage | UnknownMessage)[];
}

/** Magic, version, length of the identity. */
const GREETING_BYTES = 12;

/** Starts a proxy in front of `127.0.0.1:targetPort`. */
export async function startRecordingProxy(targetPort: number): Promise<RecordingProxy> {
  const chunks: Buffer[] = [];
  const server = createServer((near) => {
    const far = connect(targetPort, "127.0.0.1");
    near.on("data", (chunk) => chunks.push(chunk));
    near.pipe(far).pipe(near);
    near.on("error", () => far.destroy());
    far.on("error", () => near.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    address: `tcp://127.0.0.1:${(server.address() as AddressInfo).port}`,
    said: (magic) => frames(Buffer.concat(chunks)).flatMap((frame) => heard(frame, magic)),
    [Symbol.asyncDispose]: () => new Promise((resolve) => server.close(() => resolve())),
  };
}

function heard(frame: Buffer, magic: Magic): (SchedulerMessage | UnknownMessage)[] {
  const message = decodeMessage(frame, magic);
  return message.kind === "clientHeartbeat" ? [] : [message];
}

/** Cuts a stream into frames: greeting and identity, then a length before each. */
function frames(stream: Buffer): Buffer[] {
  const found: Buffer[] = [];
  let at = GREETING_BYTES + Number(stream.readBigUInt64LE(4));
  while (at + 8 <= stream.length) {
    const length = Number(stream.readBigUInt64LE(at));
    found.push(stream.subarray(at + 8, at + 8 + length));
    at += 8 + length;
  }
  return found;
}
