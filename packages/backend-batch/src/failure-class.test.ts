import { describe, expect, it } from "vitest";
import { type EndFacts, explain, failureKind } from "./failure-class.ts";

describe("why a child failed", () => {
  // What AWS Batch and ECS write, as users of other programs reported it.
  it.each<[string, EndFacts, string]>([
    ["host", { statusReason: "Host EC2 (instance i-0a1b2c3d4e5f67890) terminated." }, "host"],
    ["fargate spot", { statusReason: "Your Spot Task was interrupted.", exitCode: 137 }, "spot"],
    [
      "memory",
      {
        statusReason: "Essential container in task exited",
        reason: "OutOfMemoryError: Container killed due to memory usage",
        exitCode: 137,
      },
      "oom",
    ],
    ["killed", { statusReason: "Essential container in task exited", exitCode: 137 }, "exit"],
    ["time", { statusReason: "Job attempt duration exceeded timeout", stopped: true }, "timeout"],
    ["pull", { statusReason: "Task failed to start", reason: "CannotPullContainerError: manifest unknown" }, "image"],
    [
      "secrets",
      { statusReason: "ResourceInitializationError: unable to pull secrets or registry auth: execution resource" },
      "image",
    ],
    ["docker", { statusReason: "Task failed to start", reason: "DockerTimeoutError: Could not transition" }, "image"],
    ["agent", { reason: "CannotInspectContainerError: Could not transition to inspecting" }, "host"],
    ["override", { statusReason: "Container Overrides length must be at most 8192" }, "definition"],
    ["exit", { statusReason: "Essential container in task exited", exitCode: 1 }, "exit"],
    ["parameters", { statusReason: "Essential container in task exited", exitCode: 64 }, "definition"],
    ["the store", { statusReason: "Essential container in task exited", exitCode: 74 }, "host"],
    ["told to stop", { statusReason: "Essential container in task exited", exitCode: 143 }, "host"],
    ["no runner", { statusReason: "Essential container in task exited", exitCode: 127 }, "image"],
    ["stopped", { statusReason: "an operator's words: OutOfMemory", stopped: true }, "cancelled"],
    ["nothing", {}, "lost"],
  ])("%s", (_, facts, kind) => expect(failureKind(facts, false)).toBe(kind));

  it("is Spot where the machines are", () => {
    const facts = { statusReason: "Host EC2 (instance i-0a1b2c3d4e5f67890) terminated." };
    expect(failureKind(facts, true)).toBe("spot");
    expect(failureKind({ reason: "CannotInspectContainerError: x" }, true)).toBe("host");
  });

  it("is told in the words of AWS, with code, attempts and hint", () => {
    const facts = { statusReason: "Essential container in task exited", reason: "OutOfMemoryError: x", exitCode: 137 };
    expect(explain(facts, false, 3, ["last words"])).toEqual({
      kind: "oom",
      reason:
        "Essential container in task exited; OutOfMemoryError: x; exit code 137; after 3 attempts; give the profile or the job definition more memory",
      exitCode: 137,
      logTail: ["last words"],
    });
    const aborted = { statusReason: "Essential container in task exited", exitCode: 134 };
    expect(explain(aborted, false, 1, ["FATAL ERROR: x Allocation failed - JavaScript heap out of memory"]).kind).toBe(
      "oom",
    );
    expect(explain(aborted, false, 1, ["terminate called"]).kind).toBe("exit");
    expect(explain({}, false, 1)).toEqual({ kind: "lost", reason: "AWS Batch gives no reason" });
  });
});
