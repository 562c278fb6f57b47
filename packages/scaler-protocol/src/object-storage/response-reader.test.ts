import fc from "fast-check";
import { expect, it } from "vitest";
import { encodeStorageResponse, type StorageResponseHeader } from "../codec/storage-header.ts";
import { isProtocolError } from "../protocol-error.ts";
import { FrameAssembler } from "../transport/frame-assembler.ts";
import { ResponseReader } from "./response-reader.ts";

const header = (payloadLength: number): StorageResponseHeader => ({
  responseType: "getOK",
  objectId: "ab".repeat(32),
  payloadLength,
  responseId: 7,
});

function reader(): { feed(frame: Uint8Array): void; answers: string[] } {
  const answers: string[] = [];
  const responses = new ResponseReader(
    { onResponse: (answer, body) => answers.push(`${answer.responseType} ${Buffer.from(body)}`) },
    100,
  );
  return {
    answers,
    feed(frame) {
      responses.onFrameStart(frame.length);
      responses.onFrame(frame);
    },
  };
}

it("joins a header and its payload, which is left out when empty", () => {
  const { feed, answers } = reader();
  feed(encodeStorageResponse(header(2)));
  feed(Buffer.from("xy"));
  feed(encodeStorageResponse(header(0)));
  feed(encodeStorageResponse(header(1)));
  feed(Buffer.from("z"));
  expect(answers).toEqual(["getOK xy", "getOK ", "getOK z"]);
});

it.each([
  [
    "a payload of another length",
    [encodeStorageResponse(header(2)), Buffer.alloc(3)],
    /^\[storage\].*the 2 bytes of object ab/,
  ],
  ["a header of another length", [Buffer.alloc(79)], /^\[storage\].*expected a header, got a frame of 79 bytes/],
  ["more than was asked for", [encodeStorageResponse(header(101))], /^\[limit\].*announced 101 bytes, at most 100/],
  ["nonsense of a header's length", [Buffer.alloc(80, 0xee)], /^\[(malformed|limit|truncated)\]/],
])("refuses %s", (_what, frames, message) => {
  const { feed } = reader();
  expect(() => {
    for (const frame of frames) feed(frame);
  }).toThrow(message);
});

it("throws nothing but its own errors, whatever comes", () => {
  const good = Buffer.from(encodeStorageResponse(header(3)));
  const mutation = fc.array(fc.tuple(fc.nat(79), fc.nat(255)), { maxLength: 6 });
  fc.assert(
    fc.property(
      fc.array(fc.oneof(fc.uint8Array({ maxLength: 120 }), mutation.map(mutate)), { maxLength: 4 }),
      (frames) => {
        const responses = new ResponseReader({ onResponse() {} }, 100);
        const assembler = new FrameAssembler(
          { onFrame: (frame) => responses.onFrame(frame), onFrameStart: (length) => responses.onFrameStart(length) },
          200,
        );
        for (const frame of frames) {
          const length = Buffer.alloc(8);
          length.writeBigUInt64LE(BigInt(frame.length));
          try {
            assembler.push(Buffer.concat([length, frame]));
          } catch (reason) {
            expect(isProtocolError(reason)).toBe(true);
            return;
          }
        }
      },
    ),
  );

  function mutate(changes: [number, number][]): Uint8Array {
    const bytes = Buffer.from(good);
    for (const [at, value] of changes) bytes[at] = value;
    return bytes;
  }
});
