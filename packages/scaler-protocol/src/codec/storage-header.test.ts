import { describe, expect, it } from "vitest";
import {
  decodeStorageRequest,
  decodeStorageResponse,
  encodeStorageObjectId,
  encodeStorageRequest,
  encodeStorageResponse,
} from "./storage-header.ts";

const objectId = Buffer.from(Array.from({ length: 32 }, (_, index) => index)).toString("hex");
const request = { requestType: "getObject", objectId, payloadLength: 0, requestId: 1 } as const;

describe("storage headers", () => {
  it("turn each group of eight bytes of an id round", () => {
    expect(Buffer.from(encodeStorageObjectId(objectId)).subarray(16).toString("hex")).toBe(
      "07060504030201000f0e0d0c0b0a090817161514131211101f1e1d1c1b1a1918",
    );
  });

  it.each([
    ["an id of 31 bytes", { objectId: "00".repeat(31) }],
    ["an id that is not hex", { objectId: "zz".repeat(32) }],
    ["a negative length", { payloadLength: -1 }],
    ["a length of 2^53", { payloadLength: 2 ** 53 }],
    ["a fraction for an id", { requestId: 0.5 }],
  ])("refuse to encode %s", (_, change) => {
    expect(() => encodeStorageRequest({ ...request, ...change })).toThrow(/^\[malformed\]/);
  });

  it("refuse a type of a later release", () => {
    const frame = Buffer.from(encodeStorageRequest(request));
    frame.writeUInt16LE(6, 8 + 8 + 16);
    expect(() => decodeStorageRequest(frame)).toThrow(/^\[malformed\]/);
    expect(() => decodeStorageResponse(frame)).toThrow(/^\[malformed\]/);
  });

  it("refuse a length, or an id of a request, that JavaScript cannot hold", () => {
    const answer = { responseType: "getOK", objectId, payloadLength: 1, responseId: 1 } as const;
    for (const at of [16, 24]) {
      const frame = Buffer.from(encodeStorageResponse(answer));
      frame.writeBigUInt64LE(2n ** 53n, at);
      expect(() => decodeStorageResponse(frame)).toThrow(/^\[limit\]/);
      frame.writeBigUInt64LE(2n ** 53n - 1n, at);
      expect(() => decodeStorageResponse(frame)).not.toThrow();
    }
  });

  it("refuse a header that is as long as a message", () => {
    const frame = Buffer.concat([encodeStorageRequest(request), Buffer.alloc(1024 - 80)]);
    expect(decodeStorageRequest(frame)).toStrictEqual(request);
    expect(() => decodeStorageRequest(Buffer.concat([frame, Buffer.alloc(1)]))).toThrow(/^\[limit\]/);
  });

  it("read a header whose id is absent as one of zeroes", () => {
    const frame = Buffer.from(encodeStorageRequest(request));
    frame.writeBigUInt64LE(0n, 40);
    expect(decodeStorageRequest(frame)).toStrictEqual({ ...request, objectId: "00".repeat(32) });
  });
});
