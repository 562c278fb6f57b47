import { describe, expect, it } from "vitest";
import { deriveManagerId, deriveWorkerManagerId } from "./manager-id.ts";

describe("manager ids", () => {
  const identity = { host: "Host.example", backend: "local", schedulerAddress: "tcp://127.0.0.1:8516" };

  it("are the same for the same deployment and differ otherwise", () => {
    const id = deriveWorkerManagerId(identity);
    expect(id).toMatch(/^host-example-local-[0-9a-f]{8}$/);
    expect(deriveWorkerManagerId({ ...identity })).toBe(id);
    expect(deriveWorkerManagerId({ ...identity, schedulerAddress: "tcp://127.0.0.1:8517" })).not.toBe(id);
    expect(deriveWorkerManagerId({ ...identity, host: "host-example" })).not.toBe(id);
  });

  it("have a form that keys and job names take, whatever the user wrote", () => {
    expect(deriveManagerId("local", "näme with | and /")).toMatch(/^[0-9a-f]{16}$/);
    expect(deriveManagerId("local", "a")).not.toBe(deriveManagerId("batch", "a"));
  });
});
