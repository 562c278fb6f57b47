import { beforeEach, describe, expect, it } from "vitest";
import { actions, DeploymentBed, NO_IMAGE } from "../../test-support/deployment-bed.ts";
import type { FakeAccount } from "../../test-support/fake-account.ts";
import { findDeployment } from "./deployment.ts";
import { planLines } from "./make-plan.ts";

let account: FakeAccount;
let bed: DeploymentBed;
beforeEach(() => {
  bed = new DeploymentBed();
  ({ account } = bed);
});

const plan: DeploymentBed["plan"] = (...args) => bed.plan(...args);
const apply: DeploymentBed["apply"] = (...args) => bed.apply(...args);
const destroy: DeploymentBed["destroy"] = (...args) => bed.destroy(...args);

describe("a change", () => {
  it("remembers what was chosen, and changes what is said now", async () => {
    await apply({ maxVcpus: 64, job: { vcpus: 2 } });
    expect((await plan()).hasChanges).toBe(false);
    const changed = await plan({ job: { memoryMiB: 4096 } });
    expect(changed.wanted.settings).toMatchObject({ maxVcpus: 64, job: { vcpus: 2, memoryMiB: 4096 } });
    expect(changed.stacks.map(({ action }) => action)).toEqual(["none", "update"]);
    expect(planLines(changed)).toContainEqual(
      expect.stringMatching(/^ {2}~ AWS::Batch::JobDefinition JobDefinition: /),
    );
    expect(actions(await apply({ job: { memoryMiB: 4096 } }))).toEqual(["unchanged", "updated"]);
  });

  it("warns of a change that takes a queue away", async () => {
    await apply();
    const warning = expect.stringMatching(/warning: the jobs in a job queue that is removed are ended/);
    expect(planLines(await plan({ maxVcpus: 64 }))).not.toContainEqual(warning);
    expect(planLines(await plan({ architecture: "arm64" }, { build: true }))).toContainEqual(warning);
  });

  it("remembers the last that was said, whichever stack it changed", async () => {
    await apply({ lifecycleDays: 20, maxVcpus: 64, subnets: ["subnet-0123456789abcdef1"] });
    expect(actions(await apply({ lifecycleDays: 30 }))).toEqual(["updated", "unchanged"]);
    expect((await plan()).wanted.settings).toMatchObject({ lifecycleDays: 30, maxVcpus: 64 });
    expect((await plan()).hasChanges).toBe(false);
    expect(actions(await apply({ maxVcpus: 128 }))).toEqual(["unchanged", "updated"]);
    expect((await plan()).wanted.settings).toMatchObject({ lifecycleDays: 30, maxVcpus: 128 });
  });

  it("goes back to defaults", async () => {
    const tags = { team: "a" };
    await apply({ tags, gpu: { instanceTypes: ["g5"] }, node: {}, instanceTypes: ["c7i"], maxVcpus: 64 });
    await apply({ tags: null, gpu: null, node: null, instanceTypes: null });
    const { settings } = (await plan()).wanted;
    expect(settings).toMatchObject({ tags: {}, gpu: undefined, node: undefined, instanceTypes: ["optimal"] });
    expect(settings.maxVcpus).toBe(64);
    expect((await plan()).hasChanges).toBe(false);
  });

  it("warns of what a change of names leaves behind, and names it from then on", async () => {
    const { image } = await apply();
    const planned = planLines(await plan({ bucket: "other", repository: "more/images" }));
    const bucket = "d1-123456789012-eu-west-1";
    expect(planned).toContainEqual(expect.stringMatching(`^warning: bucket ${bucket} is replaced by other: it stays`));
    expect(planned).toContainEqual(
      expect.stringMatching(/^warning: repository d1 is replaced by more\/images: it stays/),
    );
    expect(planned).toContainEqual(expect.stringMatching(/^warning: jobs go on with an image in d1; --image auto/));
    expect((await apply({ bucket: "other", repository: "more/images" })).image).toBe(image);
    account.bucketOwners.set(bucket, "account");
    account.existingRepositories.add("d1");
    const left = [
      { type: "AWS::S3::Bucket", name: bucket },
      { type: "AWS::ECR::Repository", name: "d1" },
    ];
    expect((await findDeployment(account, "d1")).left).toEqual(left);
    await apply({ maxVcpus: 8, lifecycleDays: 20 });
    expect((await findDeployment(account, "d1")).left).toEqual(left);
    // Back to the old name is no way: CloudFormation would make it anew.
    await expect(apply({ bucket })).rejects.toThrow(/^\[conflict\] bucket d1-.* is there already/);
    const { leftovers } = await destroy();
    expect(leftovers).toEqual(left.map((one) => expect.objectContaining(one)));
    expect(leftovers[0]).toMatchObject({
      why: expect.stringMatching(/replaced/),
      next: `aws s3 rb --force s3://${bucket}`,
    });
  });

  it("warns of objects that nothing removes any more", async () => {
    await apply();
    const warning = expect.stringMatching(/^warning: objects below scaler-tasks\/ are not removed by themselves/);
    expect(planLines(await plan({ prefix: "other" }))).toContainEqual(warning);
    expect(planLines(await plan({ maxVcpus: 8 }))).not.toContainEqual(warning);
  });

  it("refuses an architecture that its images are not for", async () => {
    await apply({ node: {} });
    await expect(plan({ architecture: "arm64" })).rejects.toThrow(
      /^\[config\] --architecture: expected images for arm64, got those in use, which are for x86_64; say also --image auto/,
    );
    await expect(plan({ architecture: "arm64" }, { build: true })).rejects.toThrow(/say also --node-image auto/);
    const node = { ...NO_IMAGE.node, build: true };
    await apply({ architecture: "arm64" }, { build: true, node });
    expect((await plan()).hasChanges).toBe(false);
  });

  it("says what the account lacks, and what is in the way of its names", async () => {
    account.lacks = [{ level: "warning", text: "no way out", fix: "make one" }];
    account.bucketOwners.set("d1-123456789012-eu-west-1", "another-account");
    account.existingRepositories.add("d1");
    const lines = planLines(await plan());
    expect(lines).toContain("warning: no way out; make one");
    expect(lines).toContainEqual(
      expect.stringMatching(/^warning: bucket d1-.* belongs to another account.* --s3-bucket /),
    );
    expect(lines).toContainEqual(expect.stringMatching(/^warning: repository d1 is there already/));
  });

  it("says where quotas are too few for what would be made, and makes it all the same", async () => {
    expect(planLines(await plan({ maxVcpus: 512 }))).not.toContainEqual(expect.stringMatching(/quota/));
    const short = expect.stringMatching(/^warning: vCPU quotas: may grow to 600 vCPUs, but the account may run 512 of/);
    const planned = planLines(await plan({ maxVcpus: 600 })).filter((line) => line.includes("quota"));
    expect(planned).toEqual([short, short]);
    account.quotas = undefined;
    const lines = planLines(await plan());
    expect(lines).toContainEqual(expect.stringMatching(/^warning: .*servicequotas:GetServiceQuota is not allowed/));
    expect(actions(await apply())).toEqual(["created", "created"]);
    // Nothing of it is said, or asked, where nothing grows.
    expect(planLines(await plan())).not.toContainEqual(expect.stringMatching(/quota/));
  });
});
