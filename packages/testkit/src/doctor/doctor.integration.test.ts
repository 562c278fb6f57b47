import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { ACCOUNT } from "../../test-support/doctor/cases/account-cases.ts";
import { BATCH } from "../../test-support/doctor/cases/batch-cases.ts";
import { AWS, PROGRAM, SCHEDULER } from "../../test-support/doctor/cases/program-cases.ts";
import { S3 } from "../../test-support/doctor/cases/s3-cases.ts";
import { DoctorBed } from "../../test-support/doctor/doctor-bed.ts";
import { repositoryRoot } from "../scaler/repository.ts";

let bed: DoctorBed;
beforeAll(async () => {
  bed = await DoctorBed.open();
});
beforeEach(() => bed.mend());
afterAll(async () => {
  await bed?.[Symbol.asyncDispose]();
});

it("finds nothing wrong where all is as it should be", async () => {
  const { lines, ok, exitCode, summary } = await bed.diagnose();
  expect(lines.filter(({ level }) => level !== "ok")).toEqual([]);
  expect({ ok, exitCode }).toEqual({ ok: true, exitCode: 0 });
  expect(summary).toMatchObject({ warnings: 0, faults: 0, notChecked: 0 });
  // A heading is never torn apart.
  const groups = lines.map(({ group }) => group).filter((group, index, all) => group !== all[index - 1]);
  expect(new Set(groups).size).toBe(groups.length);
});

it("looks at nothing that its documentation leaves out", async () => {
  const page = await readFile(join(repositoryRoot(), "docs", "doctor.md"), "utf8");
  const looked = await bed.diagnose();
  const provision = await bed.diagnose({}, { purpose: "provision" });
  const ids = [...looked.lines, ...provision.lines].map(({ id }) => id.replace(/:.*/, ""));
  expect([...new Set(ids)].filter((id) => !page.includes(`\`${id}\``))).toEqual([]);
});

it("looks at what `provision` needs", async () => {
  bed.denied.add("iam:CreateRole");
  const { lines } = await bed.diagnose({ "job-queue": undefined }, { purpose: "provision" });
  const permissions = lines.find(({ id }) => id === "provision-permissions");
  expect(permissions?.text).toMatch(/iam:CreateRole on \* is not allowed/);
  expect(lines.map(({ id }) => id)).toEqual(
    expect.arrayContaining(["aws-account", "provision-network", "provision-engine"]),
  );
});

for (const [subject, cases] of Object.entries({ PROGRAM, SCHEDULER, AWS, S3, BATCH, ACCOUNT })) {
  describe(`names what is broken: ${subject.toLowerCase()}`, () => {
    it.each(cases)("$what", async ({ breakIt, ids, says, exit }) => {
      const { flags: given, nodeVersion, mend } = await breakIt(bed);
      try {
        const { lines, exitCode } = await bed.diagnose(given, nodeVersion === undefined ? {} : { nodeVersion });
        const bad = lines.filter(({ level }) => level === "fault" || level === "warning");
        const told = bad.map(({ level, id, text, fix }) => `${level} ${id}: ${text}; ${fix}`);
        expect(
          bad.map(({ id }) => id),
          told.join("\n"),
        ).toEqual(ids);
        expect(`${bad[0]?.text}; ${bad[0]?.fix}`).toMatch(says);
        expect(bad.every(({ fix }) => fix !== undefined && fix !== "")).toBe(true);
        expect(exitCode).toBe(exit);
      } finally {
        await mend?.();
      }
    });
  });
}
