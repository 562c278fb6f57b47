import { describe, expect, it } from "vitest";
import { goldenFrames, goldenHeaders } from "../../fixtures/golden.ts";
import type { SchedulerMessage } from "../messages/message.ts";
import { isProtocolError } from "../protocol-error.ts";
import { decodeMessage } from "./decode-message.ts";
import { encodeMessage } from "./encode-message.ts";
import {
  decodeStorageObjectId,
  decodeStorageRequest,
  decodeStorageResponse,
  encodeStorageObjectId,
  encodeStorageRequest,
  encodeStorageResponse,
} from "./storage-header.ts";

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");

/** Lengths at which a cut frame is not refused as truncated. One assertion for all: some frames have thousands. */
function survivingCuts(bytes: Uint8Array, decode: (cut: Uint8Array) => unknown): number[] {
  const surviving: number[] = [];
  for (let length = 0; length < bytes.length; length++) {
    try {
      decode(bytes.subarray(0, length));
      surviving.push(length);
    } catch (reason) {
      if (!isProtocolError(reason) || reason.code !== "truncated") surviving.push(length);
    }
  }
  return surviving;
}

describe("frames of the released binding", () => {
  it.each(goldenFrames)("decode: $name", ({ bytes, magic, message }) => {
    expect(decodeMessage(bytes, magic)).toStrictEqual(message);
  });

  it.each(goldenFrames.filter(({ encode }) => encode))("encode: $name", ({ bytes, magic, message }) => {
    expect(hex(encodeMessage(message as SchedulerMessage, magic))).toBe(hex(bytes));
  });

  it.each(goldenFrames)("survive our encoding: $name", ({ magic, message }) => {
    if (message.kind === "unknown") return;
    expect(decodeMessage(encodeMessage(message, magic), magic)).toStrictEqual(message);
  });

  it.each(goldenFrames)("decode from a buffer at an odd offset, and share nothing with it: $name", (golden) => {
    const room = Buffer.alloc(golden.bytes.length + 11, 0xee);
    golden.bytes.copy(room, 3);
    const message = decodeMessage(room.subarray(3, 3 + golden.bytes.length), golden.magic);
    room.fill(0);
    expect(message).toStrictEqual(golden.message);
  });

  it.each(goldenFrames)(
    "are refused when cut anywhere: $name",
    ({ bytes, magic }) => {
      expect(survivingCuts(bytes, (cut) => decodeMessage(cut, magic))).toStrictEqual([]);
    },
    30_000,
  );

  it("hold several segments in at least one case of each numbering", () => {
    for (const magic of [1, 2]) {
      expect(goldenFrames.some((golden) => golden.magic === magic && golden.bytes.readUInt32LE(0) > 0)).toBe(true);
    }
  });
});

describe("storage headers of the released binding", () => {
  it.each(goldenHeaders)("both ways: $name", ({ bytes, request, response, objectId }) => {
    if (request) {
      expect(decodeStorageRequest(bytes)).toStrictEqual(request);
      expect(hex(encodeStorageRequest(request))).toBe(hex(bytes));
    } else if (response) {
      expect(decodeStorageResponse(bytes)).toStrictEqual(response);
      expect(hex(encodeStorageResponse(response))).toBe(hex(bytes));
    } else {
      expect(decodeStorageObjectId(bytes)).toBe(objectId);
      expect(hex(encodeStorageObjectId(objectId as string))).toBe(hex(bytes));
    }
  });

  it.each(goldenHeaders)("are refused when cut anywhere: $name", ({ bytes, request, response }) => {
    const decode = request ? decodeStorageRequest : response ? decodeStorageResponse : decodeStorageObjectId;
    expect(survivingCuts(bytes, decode)).toStrictEqual([]);
  });
});
