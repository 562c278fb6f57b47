import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { WalkAccount } from "../../test-support/walk/account.ts";
import { readGuide } from "../../test-support/walk/guide.ts";
import { Reader } from "../../test-support/walk/reader.ts";
import { repositoryRoot } from "../scaler/repository.ts";

// Somebody who knows nothing follows docs/aws-batch-setup.md, block by block, against emulators: what a block prints is what the guide shows behind it.
const steps = readGuide(await readFile(join(repositoryRoot(), "docs", "aws-batch-setup.md"), "utf8"));

let account: WalkAccount;
let reader: Reader;
beforeAll(async () => {
  account = await WalkAccount.open();
  reader = new Reader(account.folder, join(account.aside, "exported.sh"), account.env);
});
afterAll(async () => {
  await reader?.[Symbol.asyncDispose]();
  await account?.[Symbol.asyncDispose]();
});

describe("the guide to AWS Batch", () => {
  let failed: string | undefined;
  for (const step of steps) {
    const what = step.kind === "interrupt" ? `Ctrl-C in ${step.terminal}` : (step.text.trim().split("\n")[0] ?? "");
    it(`line ${step.line}: ${step.kind === "file" ? step.name : what}`, async ({ skip }) => {
      if (failed !== undefined) skip(`${failed} went wrong`);
      try {
        await reader.follow(step);
      } catch (reason) {
        failed = `line ${step.line}`;
        throw new Error(`${reason instanceof Error ? reason.message : String(reason)}\n${reader.tail()}`);
      }
    });
  }

  it("ran its tasks in jobs, all of which are over, of one image and then of the other", () => {
    expect(account.batch.containers.started).toBeGreaterThan(0);
    expect(account.images.size).toBe(2);
    for (const image of account.images) expect(image).toMatch(/\/scaler-aws-hpc@sha256:[0-9a-f]{64}$/);
    expect(account.batch.liveJobs()).toEqual([]);
    expect(account.batch.containers.running).toBe(0);
  });

  it("leaves nothing running once its terminals are closed", async () => {
    await reader[Symbol.asyncDispose]();
    await expect.poll(() => reader.running(), { timeout: 10_000 }).toEqual([]);
  });
});
