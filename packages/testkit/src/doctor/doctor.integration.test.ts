import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { ACCOUNT } from "../../test-support/doctor/cases/account-cases.ts";
import { BATCH } from "../../test-support/doctor/cases/batch-cases.ts";
import { AWS, PROGRAM, SCHEDULER } from "../../test-support/doctor/cases/program-cases.ts";
import { S3 } from "../../test-support/doctor/cases/s3-cases.ts";
import { DoctorBed } from "../../test-support/doctor/doctor-bed.ts";
import { NAMES } from "../../test-support/doctor/healthy-account.ts";
import { ChildProgram } from "../scaler/child-program.ts";
import { cliProgram, nodeProgram, repositoryRoot } from "../scaler/repository.ts";

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
  const examine = async () => {
    const { lines } = await bed.diagnose({ "job-queue": undefined }, { purpose: "provision" });
    return (id: string) => lines.filter((line) => line.id === id).map(({ level, text }) => `${level} ${text}`);
  };
  const healthy = await examine();
  expect(healthy("aws-account")).toEqual([expect.stringMatching(/^ok 123456789012 as /)]);
  expect(healthy("provision-permissions")).toEqual(["ok a deployment of the default name may be made in eu-central-1"]);
  expect(healthy("provision-network")).toHaveLength(1);
  expect(healthy("provision-engine")).toHaveLength(1);
  expect(healthy("provision-quotas")).toEqual([expect.stringMatching(/^ok may grow to 256 of 256 vCPUs of Spot/)]);
  expect(healthy("provision-spot-role")).toEqual([expect.stringMatching(/^warning AWSServiceRoleForEC2Spot/)]);
  expect(healthy("backend")).toEqual([]);
  bed.denied.add("iam:CreateRole");
  const broken = await examine();
  expect(broken("provision-permissions")).toEqual([
    expect.stringMatching(
      /^fault iam:CreateRole on arn:aws:iam::123456789012:role\/scaler-aws-hpc_eu-central-1_\S+ is not allowed$/,
    ),
  ]);
});

it("says it as a program too, with what to do next", async () => {
  const flags = ["-q", NAMES.queue, "-d", NAMES.definition, "--s3-bucket", NAMES.bucket, bed.scheduler.address];
  await using program = await ChildProgram.start({
    name: "scaler-aws-hpc doctor",
    file: nodeProgram(),
    args: [cliProgram(), "doctor", ...flags],
    env: { NODE_ENV: "production", NO_COLOR: "1" },
    cwd: tmpdir(),
  });
  const { code } = await program.exited;
  expect(code, program.logs.text).toBe(0);
  expect(program.stdout.text).toMatch(/\n\d+ ok, 0 warnings, 0 faults\nnext: scaler-aws-hpc start -q healthy-queue /);
});

it("looks at each profile's own queue, and at what profiles share once", async () => {
  const folder = await mkdtemp(join(tmpdir(), "scaler-aws-hpc-doctor-"));
  const config = join(folder, "cluster.toml");
  const profiles = [
    '[[profile]]\nname = "gpu"\nslots = 1\ncapabilities = "gpu"\nqueue = "gpu-queue"\n',
    '[[profile]]\nname = "big"\nslots = 1\ncapabilities = "big"\nvcpu = "64"\n',
  ];
  await writeFile(config, `[aws_hpc_worker_manager]\ns3_prefix = "scaler-tasks"\n\n${profiles.join("\n")}`);
  const { lines } = await bed.diagnose({ config });
  await rm(folder, { recursive: true });
  const bad = lines.filter(({ level }) => level !== "ok").map(({ id, level, text }) => `${level} ${id}: ${text}`);
  expect(bad).toEqual([
    expect.stringMatching(/^fault batch-queue:gpu-queue: job queue gpu-queue: there is none of this name/),
    "not-checked batch-machines:gpu-queue: not checked: needs job queue gpu-queue",
    "not-checked batch-profile:gpu: not checked: needs compute environments of gpu-queue",
    expect.stringMatching(
      /^fault batch-profile:big: profile big: vcpu 64, but the compute environments .* have at most 16/,
    ),
    // One definition for both queues: what its jobs run on is not known.
    "not-checked vcpu-quotas:gpu-queue: not checked: needs job queue gpu-queue",
    "not-checked iam-manager: not checked: needs job queue gpu-queue",
    "not-checked iam-spot-role: not checked: needs job queue gpu-queue",
    "not-checked iam-job-role: not checked: needs job queue gpu-queue",
    "not-checked iam-execution-role: not checked: needs job queue gpu-queue",
    "not-checked ecr-image: not checked: needs job queue gpu-queue",
    "not-checked image-python: not checked: needs job queue gpu-queue",
    "not-checked vpc-network:gpu-queue: not checked: needs job queue gpu-queue",
  ]);
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
