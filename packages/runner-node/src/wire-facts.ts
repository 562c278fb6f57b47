import type { FailurePickleKind } from "@scaler-aws-hpc/adapter-core";

// What the package client writes into its objects, as far as a manager must know it. Written down twice so that a manager needs no bundler (the
// client depends on one); a test compares both.

/** First bytes of the serializer object of every Node client: PROTO 4, SHORT_BINUNICODE with the name of the convention, POP. */
const SERIALIZER_HEAD = Buffer.concat([
  Buffer.of(0x80, 4, 0x8c, 26),
  Buffer.from("scaler-aws-hpc/node-task/1", "latin1"),
  Buffer.from("0", "latin1"),
]);

const FAILURE_MAGIC = Buffer.from("SAHNERR\x01", "latin1");
const MAX_MESSAGE = 64 * 1024;

/** Whether a serializer object that starts so is a Node client's. */
export function isNodeClient(head: Uint8Array): boolean {
  return Buffer.from(head.subarray(0, SERIALIZER_HEAD.length)).equals(SERIALIZER_HEAD);
}

/** The failure object of a task that did not fail by itself: magic, u32 length, JSON. */
export function managerFailure(kind: FailurePickleKind, message: string): Uint8Array {
  const json = Buffer.from(JSON.stringify({ manager: kind, message: message.slice(0, MAX_MESSAGE) }), "utf8");
  const length = Buffer.alloc(4);
  length.writeUInt32LE(json.length);
  return Buffer.concat([FAILURE_MAGIC, length, json]);
}
