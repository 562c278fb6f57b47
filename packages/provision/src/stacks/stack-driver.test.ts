import { beforeEach, describe, expect, it } from "vitest";
import { ScriptedStacks } from "../../test-support/scripted-stacks.ts";
import { DEPLOYMENT_TAG } from "../templates/tags.ts";
import type { Template } from "../templates/template.ts";
import { StackDriver, type StackOrder } from "./stack-driver.ts";

const commands = { apply: "p apply", show: "p show", destroy: "p destroy" };
const ours = { [DEPLOYMENT_TAG]: "d" };

let stacks: ScriptedStacks;
let said: string[];
let driver: StackDriver;
beforeEach(() => {
  stacks = new ScriptedStacks();
  said = [];
  const pause = async (_ms: number, options: { signal?: AbortSignal | undefined } = {}): Promise<void> => {
    options.signal?.throwIfAborted();
    await new Promise(setImmediate);
  };
  driver = new StackDriver({ service: stacks, pause, say: (line) => said.push(line), pollMs: 1 }, commands);
});

const template = (...names: readonly string[]): Template => ({
  AWSTemplateFormatVersion: "2010-09-09",
  Description: "a test",
  Resources: Object.fromEntries(names.map((name) => [name, { Type: "AWS::S3::Bucket", Properties: {} }])),
});
const order = (...names: readonly string[]): StackOrder => ({
  name: "d-base",
  deployment: "d",
  template: template(...names),
  wait: false,
});
const bucket = {
  logicalId: "Bucket",
  physicalId: "d-bucket",
  type: "AWS::S3::Bucket",
  status: "CREATE_COMPLETE",
  statusReason: undefined,
};

describe("a stack", () => {
  it("is made, left alone when nothing changed, and updated when something did", async () => {
    expect(await driver.apply(order("A"))).toMatchObject({ action: "created", resources: [{ logicalId: "A" }] });
    expect((await stacks.describe("d-base"))?.tags).toEqual({ [DEPLOYMENT_TAG]: "d" });
    expect(said.join("\n")).toMatch(/CREATE_COMPLETE +AWS::S3::Bucket A \(d-base-A\)/);
    for (const empty of ["status", "other-text", "call"] as const) {
      stacks.scripts.set("d-base", { empty });
      expect(await driver.apply(order("A"))).toMatchObject({ action: "unchanged" });
    }
    expect(await driver.apply(order("A", "B"))).toMatchObject({ action: "updated" });
    expect(stacks.statusOf("d-base")).toBe("UPDATE_COMPLETE");
    // What was only looked at is not left behind.
    const count = (call: string): number => stacks.calls.filter((one) => one.startsWith(call)).length;
    expect(count("CreateChangeSet") - count("ExecuteChangeSet")).toBe(count("DeleteChangeSet"));
  });

  it("that cannot be made says why and what is left, and the same command makes it once the cause is mended", async () => {
    stacks.scripts.set("d-base", { failAt: { logicalId: "A", reason: "d-base-A already exists" } });
    await expect(driver.apply(order("A"))).rejects.toThrow(
      /^\[conflict\] stack d-base is ROLLBACK_COMPLETE: AWS::S3::Bucket d-base-A: the name is taken, perhaps another account's.*what had been made was removed again; mend the cause, then go on with `p apply`$/,
    );
    stacks.scripts.clear();
    expect(await driver.apply(order("A"))).toMatchObject({ action: "created" });
    expect(said.join("\n")).toContain("could not be made before and is empty: it is deleted and made anew");
  });

  it("whose update fails is as it was, and says so", async () => {
    await driver.apply(order("A"));
    const reason = "User: x is not authorized to perform: iam:CreateRole on resource: y";
    stacks.scripts.set("d-base", { failAt: { logicalId: "B", reason } });
    await expect(driver.apply(order("A", "B"))).rejects.toThrow(
      /^\[denied\] stack d-base is UPDATE_ROLLBACK_COMPLETE: .*iam:CreateRole is not allowed.*it is as it was before and holds AWS::S3::Bucket d-base-A; mend/,
    );
    stacks.scripts.clear();
    expect(await driver.apply(order("A", "B"))).toMatchObject({ action: "updated" });
  });

  it("that neither goes on nor back says how to get out", async () => {
    await driver.apply(order("A"));
    stacks.scripts.set("d-base", { failAt: { logicalId: "B", reason: "no" }, rollbackFails: true });
    await expect(driver.apply(order("A", "B"))).rejects.toThrow(
      /is UPDATE_ROLLBACK_FAILED: .*it holds AWS::S3::Bucket/,
    );
    await expect(driver.apply(order("A"))).rejects.toThrow(
      /^\[conflict\] .*`aws cloudformation continue-update-rollback --stack-name d-base` and then on with `p apply`/,
    );
  });

  it.each([
    [
      "ROLLBACK_FAILED",
      "half-made and cannot be updated; it holds AWS::S3::Bucket d-bucket; remove it with `p destroy`",
    ],
    ["CREATE_FAILED", "half-made and cannot be updated"],
    ["DELETE_FAILED", "half-deleted and cannot be updated; it holds AWS::S3::Bucket d-bucket; go on with `p destroy`"],
    ["UPDATE_IN_PROGRESS", "another run is under way, or AWS finishes an interrupted one; nothing was changed"],
    ["SOMETHING_NEW", "half-made"],
  ])("in state %s is refused, and nothing is touched", async (status, words) => {
    stacks.put("d-base", status, ours, [bucket]);
    const failure = driver.apply(order("A"));
    await expect(failure).rejects.toThrow(/^\[conflict\] stack d-base is /);
    await expect(failure).rejects.toThrow(words);
    expect(stacks.mutations).toEqual([]);
  });

  it("that was prepared and never made is made", async () => {
    stacks.put("d-base", "REVIEW_IN_PROGRESS", {});
    expect(await driver.apply(order("A"))).toMatchObject({ action: "created" });
  });

  it.each([
    ["apply", { [DEPLOYMENT_TAG]: "other" }],
    ["apply", {}],
    ["remove", {}],
  ])("that is not ours is refused: %s", async (what, tags) => {
    stacks.put("d-base", "CREATE_COMPLETE", tags, [bucket]);
    const done = what === "apply" ? driver.apply(order("A")) : driver.remove("d-base", "d");
    await expect(done).rejects.toThrow(/^\[conflict\] stack d-base exists and is not ours: .*nothing was touched/);
    expect(stacks.mutations).toEqual([]);
  });

  it("without a permission names the action", async () => {
    stacks.denied.add("CreateChangeSet");
    await expect(driver.apply(order("A"))).rejects.toThrow(
      /^\[denied\] stack d-base: cloudformation:CreateChangeSet is not allowed; allow it/,
    );
  });
});

describe("two runs at once", () => {
  it("are refused, or wait for each other when told to", async () => {
    stacks.scripts.set("d-base", { looks: Number.POSITIVE_INFINITY });
    const first = driver.apply(order("A"));
    await expect.poll(() => stacks.statusOf("d-base")).toBe("CREATE_IN_PROGRESS");
    await expect(driver.apply(order("A", "B"))).rejects.toThrow(/is CREATE_IN_PROGRESS since .*`p apply --wait`/);
    stacks.scripts.clear();
    const second = driver.apply({ ...order("A", "B"), wait: true });
    stacks.finish("d-base");
    expect(await second).toMatchObject({ action: "updated" });
    expect(await first).toMatchObject({ action: "created" });
  });
});

describe("an interrupted run", () => {
  it("before CloudFormation began leaves nothing", async () => {
    const stop = new AbortController();
    stacks.before = (call) => call === "DescribeChangeSet" && stop.abort(new Error("stop"));
    await expect(driver.apply(order("A"), stop)).rejects.toThrow("stop");
    expect(stacks.statusOf("d-base")).toBeUndefined();
  });

  it("later lets AWS finish, and the same command goes on from there", async () => {
    stacks.scripts.set("d-base", { looks: 5 });
    const stop = new AbortController();
    stacks.before = (call) => call === "DescribeStackEvents" && stop.abort(new Error("stop"));
    await expect(driver.apply(order("A"), stop)).rejects.toThrow("stop");
    expect(stacks.statusOf("d-base")).toBe("CREATE_IN_PROGRESS");
    stacks.before = () => undefined;
    expect(await driver.apply({ ...order("A"), wait: true })).toMatchObject({ action: "unchanged" });
  });
});

describe("deleting a stack", () => {
  it("leaves nothing, and is nothing the second time", async () => {
    await driver.apply(order("A"));
    expect(await driver.remove("d-base", "d")).toEqual([]);
    expect(await driver.remove("d-base", "d")).toEqual([]);
    expect(stacks.calls.filter((call) => call.startsWith("DeleteStack"))).toHaveLength(1);
  });

  it("names what could not be deleted and why; again it goes on", async () => {
    await driver.apply(order("A", "B"));
    stacks.scripts.set("d-base", { undeletable: { logicalId: "B", reason: "The bucket is not empty" } });
    expect(await driver.remove("d-base", "d")).toMatchObject([
      { physicalId: "d-base-B", status: "DELETE_FAILED", statusReason: "The bucket is not empty" },
    ]);
    stacks.scripts.clear();
    expect(await driver.remove("d-base", "d")).toEqual([]);
  });

  it("waits for an operation only when told to", async () => {
    await driver.apply(order("A"));
    stacks.scripts.set("d-base", { looks: 5 });
    const stop = new AbortController();
    stacks.before = (call) =>
      call === "DescribeStackEvents" && stacks.mutations.length > 2 && stop.abort(new Error("s"));
    await expect(driver.apply(order("A", "B"), stop)).rejects.toThrow("s");
    stacks.before = () => undefined;
    await expect(driver.remove("d-base", "d")).rejects.toThrow(/UPDATE_IN_PROGRESS/);
    expect(await driver.remove("d-base", "d", { wait: true })).toEqual([]);
  });
});
