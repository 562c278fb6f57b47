import { managerFailure as clientsFailure, isNodeSerializer, serializerObject } from "@scaler-aws-hpc/client/format";
import { expect, it } from "vitest";
import { isNodeClient, managerFailure } from "./wire-facts.ts";

it("knows Node clients as the client does", () => {
  const whole = serializerObject();
  expect(isNodeClient(whole)).toBe(true);
  for (let end = 0; end < 40; end += 1) {
    const head = whole.subarray(0, end);
    expect(isNodeClient(head), `${end} bytes`).toBe(isNodeSerializer(head));
  }
  expect(isNodeClient(Uint8Array.of(0x80, 5, 0x95))).toBe(false);
});

it.each(["worker-died", "timeout", "memory", "runtime"] as const)(
  "writes the failure %s as the client does",
  (kind) => {
    for (const text of ["", "too long", "ä\u{1f600}", "x".repeat(70_000)]) {
      expect(Buffer.from(managerFailure(kind, text)).equals(clientsFailure(kind, text))).toBe(true);
    }
  },
);
