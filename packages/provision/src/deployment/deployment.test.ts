import { beforeEach, describe, expect, it } from "vitest";
import { actions, DeploymentBed, NO_IMAGE } from "../../test-support/deployment-bed.ts";
import { FakeAccount, type FakeImages } from "../../test-support/fake-account.ts";
import { DEPLOYMENT_TAG } from "../templates/tags.ts";
import { findDeployment } from "./deployment.ts";
import { describeStacks } from "./describe-stacks.ts";
import { findLeftovers } from "./leftovers.ts";
import { planLines } from "./make-plan.ts";
import { startValues } from "./start-values.ts";

let account: FakeAccount;
let images: FakeImages;
let bed: DeploymentBed;
beforeEach(() => {
  bed = new DeploymentBed();
  ({ account, images } = bed);
});

const plan: DeploymentBed["plan"] = (...args) => bed.plan(...args);
const apply: DeploymentBed["apply"] = (...args) => bed.apply(...args);
const destroy: DeploymentBed["destroy"] = (...args) => bed.destroy(...args);

describe("a deployment", () => {
  it("is planned with reads alone, made with the image between the stacks, and then left alone", async () => {
    const first = await plan();
    expect(first).toMatchObject({ hasChanges: true, image: { action: "build", uri: undefined } });
    expect(account.stacks.mutations).toEqual([]);
    expect(actions(await apply())).toEqual(["created", "created"]);
    expect(images.made).toBe(1);
    const order = account.stacks.mutations.filter((call) => call.startsWith("Execute"));
    expect(order).toEqual(["ExecuteChangeSet d1-base", "ExecuteChangeSet d1-compute"]);
    const before = account.stacks.mutations.length;
    expect(planLines(await plan())).toContain("nothing to change");
    expect(actions(await apply())).toEqual(["unchanged", "unchanged"]);
    expect(account.stacks.mutations).toHaveLength(before);
    expect(images.made).toBe(1);
  });

  it("keeps its image until another one is asked for", async () => {
    const { image } = await apply();
    expect((await plan({ maxVcpus: 8 })).image).toMatchObject({ action: "use", uri: image });
    expect((await plan({}, { python: "3.11" })).image).toMatchObject({ action: "build", uri: undefined });
    const other = await apply({}, { python: "3.11" });
    expect(other.image).not.toBe(image);
    expect(other.compute.action).toBe("updated");
    // What is in the repository is not built again.
    expect((await apply({}, { build: true })).image).toBe(image);
    expect(images.made).toBe(2);
  });

  it("has a second image for JavaScript tasks from when they are asked for, and keeps it too", async () => {
    const { image: python } = await apply();
    const planned = await plan({ node: {} });
    expect(planned).toMatchObject({ hasChanges: true, image: { action: "use" }, nodeImage: { action: "build" } });
    expect(planLines(planned)).toContain(
      "node image: built and pushed to 123456789012.dkr.ecr.eu-west-1.amazonaws.com/d1",
    );
    expect(planLines(planned)).toContainEqual("  + AWS::Batch::JobDefinition JobNodeDefinition");
    const { base, compute, image, nodeImage } = await apply({ node: {} });
    // `start` is to submit jobs by the new definition.
    expect([base.action, compute.action, image]).toEqual(["updated", "updated", python]);
    expect(nodeImage).toMatch(/\/d1@sha256:2/);
    expect((await findDeployment(account, "d1")).remembered).toMatchObject({ image, node: { image: nodeImage } });
    expect(startValues((await plan()).wanted.settings)).toMatchObject({ node_job_definition: "d1_node" });
    expect((await plan()).hasChanges).toBe(false);
    expect(planLines(await plan())).toContain(`node image: ${nodeImage}`);
    // Another Python image leaves this one as it is, and the other way round.
    expect((await apply({}, { python: "3.11" })).nodeImage).toBe(nodeImage);
    const node = { ...NO_IMAGE.node, packageFile: "package.json" };
    const other = await apply({}, { node });
    expect(other.nodeImage).not.toBe(nodeImage);
    expect(images.made).toBe(4);
    expect((await apply({}, { node: { ...NO_IMAGE.node, build: true } })).nodeImage).toBe(nodeImage);
    expect(images.made).toBe(4);
  });

  it("runs JavaScript tasks in an image of the user's, where he names one, and is not begun without the runner", async () => {
    const own = "docker.io/library/own:1";
    expect((await apply({ node: { image: own } })).nodeImage).toBe(own);
    expect(images.made).toBe(1);
    account = bed.account = new FakeAccount();
    const node = { ...NO_IMAGE.node, program: undefined };
    await expect(apply({ node: {} }, { node })).rejects.toThrow(
      /^\[config\] the Node runner is not there; .*plugins install @scaler-aws-hpc\/runner-node/,
    );
    expect(account.stacks.mutations).toEqual([]);
  });

  it.each(["nobody", "account", "another-account"] as const)(
    "begins with a bucket's name that is %s's",
    async (owner) => {
      account.bucketOwners.set("d1-123456789012-eu-west-1", owner);
      if (owner === "nobody") account.existingRepositories.add("d1");
      const words = owner === "nobody" ? /repository d1 is there already/ : /bucket d1-123456789012-eu-west-1/;
      await expect(apply()).rejects.toThrow(words);
      await expect(apply()).rejects.toThrow(/nothing was made; choose another/);
      expect(account.stacks.mutations).toEqual([]);
    },
  );

  it("of somebody else is refused by all", async () => {
    account.stacks.put("d1-base", "CREATE_COMPLETE", { [DEPLOYMENT_TAG]: "other" });
    await expect(plan()).rejects.toThrow(/^\[conflict\] .* is not ours/);
    await expect(destroy()).rejects.toThrow(/^\[conflict\] .* is not ours/);
    expect(account.stacks.mutations).toEqual([]);
  });
});

it("that somebody else has prepared is refused too, and one that a run of ours left is not", async () => {
  const template = (await plan()).templates.base;
  const request = { stack: "d1-base", kind: "create", template, tags: {} } as const;
  await account.stacks.createChangeSet({ ...request, changeSet: "theirs" });
  await expect(plan()).rejects.toThrow(/^\[conflict\] stack d1-base is prepared by somebody else: .*got "theirs"/);
  await expect(destroy()).rejects.toThrow(/nothing was touched/);
  await account.stacks.deleteChangeSet("d1-base", "theirs");
  await account.stacks.createChangeSet({ ...request, changeSet: "scaler-aws-hpc-0123456789abcdef" });
  expect(actions(await apply())).toEqual(["created", "created"]);
});

describe("an apply that ends early", () => {
  it("at the image leaves a base stack, and goes on from there", async () => {
    images.broken = "no engine";
    await expect(apply()).rejects.toThrow("no engine");
    const deployment = await findDeployment(account, "d1");
    const lines = await describeStacks(deployment);
    expect(lines[0]).toMatch(/^stack d1-base: CREATE_COMPLETE; it holds AWS::S3::Bucket /);
    expect(lines[1]).toBe("stack d1-compute: not there");
    images.broken = undefined;
    expect(actions(await apply())).toEqual(["unchanged", "created"]);
  });

  it("at the image of JavaScript tasks has made no definition, and remembers that they were asked for", async () => {
    await apply();
    images.broken = "no engine";
    await expect(apply({ node: {} })).rejects.toThrow("no engine");
    images.broken = undefined;
    const { base, compute, nodeImage } = await apply();
    expect([base.action, compute.action]).toEqual(["unchanged", "updated"]);
    expect(nodeImage).toMatch(/@sha256:2/);
  });

  it("by Ctrl-C in the middle of a stack says what goes on, and goes on from there", async () => {
    account.stacks.scripts.set("d1-base", { looks: 5 });
    const stop = new AbortController();
    account.stacks.before = (call) => call === "DescribeStackEvents" && stop.abort(new Error("Ctrl-C"));
    await expect(apply({}, {}, stop.signal)).rejects.toThrow("Ctrl-C");
    account.stacks.before = () => undefined;
    const lines = await describeStacks(await findDeployment(account, "d1"));
    expect(lines[0]).toMatch(/^stack d1-base: CREATE_IN_PROGRESS, which AWS finishes by itself/);
    expect(actions(await apply())).toEqual(["unchanged", "created"]);
  });

  it("for a missing permission names it", async () => {
    account.stacks.denied.add("ExecuteChangeSet");
    await expect(apply()).rejects.toThrow(/^\[denied\] stack d1-base: cloudformation:ExecuteChangeSet is not allowed/);
  });
});

describe("a destroy", () => {
  const bucket = "d1-base-Bucket";
  beforeEach(async () => {
    await apply();
    account.bucketOwners.set(bucket, "account");
    account.objects.set(bucket, 2_500);
    account.images.set("d1-base-Repository", 2);
    account.definitions.set("d1-compute-JobDefinition", ["arn:1", "d1-compute-JobDefinition"]);
  });

  it("takes everything, in an order that works", async () => {
    account.stacks.before = (call, stack) => {
      if (call !== "DeleteStack") return;
      account.calls.push(`delete ${stack.replace("arn:", "")}`);
      if (stack.includes("base")) account.bucketOwners.delete(bucket);
    };
    expect(await destroy()).toEqual({ objects: 2_500, images: 2, jobs: 0, leftovers: [] });
    expect(account.calls).toEqual([
      "deregister arn:1",
      "delete d1-compute",
      "deregister d1-compute-JobDefinition",
      `empty ${bucket}`,
      "empty d1-base-Repository",
      "delete d1-base",
    ]);
  });

  it("touches nothing while the other stack is being changed", async () => {
    const compute = account.stacks.statusOf("d1-compute");
    account.stacks.put("d1-base", "UPDATE_IN_PROGRESS", { "scaler-aws-hpc:deployment": "d1" });
    await expect(destroy()).rejects.toThrow(/d1-base is UPDATE_IN_PROGRESS.*nothing was changed.*destroy .*--wait`/);
    expect(account.calls).toEqual([]);
    expect(account.stacks.statusOf("d1-compute")).toBe(compute);
  });

  it("names everything that is left, also where two things have one name", async () => {
    account.queues.add("same");
    account.definitions.set("same", ["arn:9"]);
    const left = (type: string) => ({ logicalId: "", type, physicalId: "same", status: "", statusReason: undefined });
    const found = await findLeftovers(account, ["AWS::Batch::JobQueue", "AWS::Batch::JobDefinition"].map(left), []);
    expect(found.map(({ type }) => type)).toEqual(["AWS::Batch::JobQueue", "AWS::Batch::JobDefinition"]);
  });

  it("refuses while jobs run, and stops them only when told to", async () => {
    account.jobs = [{ id: "j1", name: "one", status: "RUNNING" }];
    await expect(destroy()).rejects.toThrow(
      /^\[conflict\] d1 has 1 job that are not over: one \(RUNNING\); nothing was touched.*--terminate-jobs`$/,
    );
    expect(account.calls).toEqual([]);
    expect(await destroy({ terminateJobs: true })).toMatchObject({ jobs: 1 });
    expect(account.calls[0]).toBe("terminate j1");
  });

  it("deletes nothing when jobs do not end", async () => {
    account.jobs = [{ id: "j1", name: "one", status: "RUNNING" }];
    account.stubborn = true;
    await expect(destroy({ terminateJobs: true })).rejects.toThrow(/did not end in time; nothing was deleted/);
    expect(account.stacks.mutations.some((call) => call.startsWith("DeleteStack"))).toBe(false);
  });

  it("names what is left and why, and goes on the next time", async () => {
    account.stacks.scripts.set("d1-base", { undeletable: { logicalId: "JobRole", reason: "in use" } });
    account.queues.add("d1-compute-JobQueue");
    const { leftovers } = await destroy();
    expect(leftovers).toContainEqual({
      ...{ type: "AWS::IAM::Role", name: "d1-base-JobRole", why: "in use" },
      next: "remove what uses it, then `destroy` again",
    });
    expect(leftovers.map(({ name }) => name)).toContain("d1-compute-JobQueue");
    account.stacks.scripts.clear();
    account.bucketOwners.clear();
    expect((await destroy()).leftovers).toEqual([]);
  });
});
