import { describe, expect, it } from "vitest";
import { failurePickle } from "./failure-pickle.ts";
import { resultObjectId } from "./object-id.ts";

describe("failurePickle", () => {
  it("is a fixed run of opcodes around the message", () => {
    const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString("latin1");
    expect(text(failurePickle("timeout", "late"))).toBe("\x80\x02cbuiltins\nTimeoutError\nX\x04\0\0\0late\x85R.");
    expect(text(failurePickle("worker-died", "é"))).toBe(
      "\x80\x02cscaler.utility.exceptions\nWorkerDiedError\nX\x02\0\0\0\xc3\xa9\x85R.",
    );
  });

  it("takes any message and cuts long ones", () => {
    expect(failurePickle("runtime", "x".repeat(16_384)).length - failurePickle("runtime", "").length).toBe(16_384);
    expect(failurePickle("runtime", "x".repeat(1_000_000)).length).toBeLessThan(17_000);
    expect(Buffer.from(failurePickle("memory", "\ud800")).includes("\ufffd")).toBe(true);
  });
});

describe("resultObjectId", () => {
  it("begins as the owner's ids do and is the same for the same task", () => {
    const source = Buffer.from("Client|abc").toString("hex");
    const id = resultObjectId(source, "01".repeat(16));
    // md5("Client|abc"), then the first half of sha256(16 bytes of 1)
    expect(id).toBe("afb2540a1801640fa0551b4f61218341cc8cd41cef907c4d216069122c4b8993");
    expect(resultObjectId(source, "02".repeat(16)).slice(0, 32)).toBe(id.slice(0, 32));
    expect(resultObjectId(source, "02".repeat(16))).not.toBe(id);
  });
});
