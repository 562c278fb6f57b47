import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { type BatchEmulator, startBatchEmulator } from "../batch-emulator/index.ts";
import { ChildProgram, cliProgram, nodeProgram } from "../scaler/index.ts";

/** Where nobody listens: who gets as far as the scheduler ends with 69. */
const NOBODY = "tcp://127.0.0.1:1";
const RIGHT = { "-q": "emulator-queue", "-d": "emulator-job", "--s3-bucket": "emulator-bucket" };
/** Where no service listens either. */
const DEAD = "http://127.0.0.1:9";

describe("start before AWS Batch", () => {
  let aws: BatchEmulator;

  beforeAll(async () => {
    aws = await startBatchEmulator({ runner: { mode: "process", argv: ["false"] } });
  });
  afterEach(() => {
    aws.faults.clear();
    aws.s3?.faults.clear();
  });
  afterAll(() => aws?.[Symbol.asyncDispose]());

  async function start(flags: Readonly<Record<string, string>> = {}, more: Readonly<Record<string, string>> = {}) {
    const settings = Object.entries({ ...RIGHT, "--connect-timeout": "500ms", ...flags }).flat();
    await using program = await ChildProgram.start({
      name: "start",
      file: nodeProgram(),
      args: [cliProgram(), "start", ...settings, NOBODY],
      env: { ...aws.env, NODE_ENV: "production", NO_COLOR: "1", ...more },
    });
    const { code } = await program.exited;
    return { code, text: program.logs.tail() };
  }

  it("gets to the scheduler when all is right", async () => {
    const ran = await start();
    expect(ran.code).toBe(69);
    expect(ran.text).toContain("[unavailable] no connection to the scheduler within");
    expect(ran.text).toMatch(/"workerManagerId":"emulator-bucket-batch-[0-9a-f]{8}"/);
  });

  it.each([
    [{ "--s3-bucket": "no-such-bucket" }, {}, 78, /\[config\] .*bucket no-such-bucket does not exist; .* --s3-bucket/],
    [{ "--s3-bucket": "B" }, {}, 78, /\[config\] s3-bucket: expected the name of a bucket/],
    [{ "-q": "no-queue" }, {}, 78, /\[config\] job queue no-queue: there is none .*--job-queue, --aws-region/],
    [{ "-d": "no-job" }, {}, 78, /\[config\] job definition no-job: no active revision .*--job-definition/],
    [{ "-d": "not a name" }, {}, 78, /\[config\] --job-definition: expected NAME/],
    [{ "--payload-store": "fs" }, {}, 78, /\[config\] payload store fs: jobs on AWS Batch read and write S3 only/],
    [{}, { AWS_ENDPOINT_URL_BATCH: DEAD }, 69, /\[unavailable\] looking at the job queue .*AWS could not be reached/],
    [{}, { AWS_ENDPOINT_URL_S3: DEAD }, 69, /\[unavailable\] open s3:\/\/emulator-bucket: .*ECONNREFUSED/],
    [{}, { AWS_ACCESS_KEY_ID: "", AWS_SECRET_ACCESS_KEY: "" }, 77, /\[denied\] .*no AWS credentials were found/],
  ])("with %j %j ends with %i", async (flags, more, code, text) => {
    const ran = await start(flags, more);
    expect(ran.text).toMatch(text);
    expect(ran.code).toBe(code);
  });

  it.each(["DescribeJobQueues", "DescribeJobDefinitions", "ListJobs"])(
    "names batch:%s when it is denied",
    async (action) => {
      aws.faults.addCallRule({ fault: "access-denied", operations: [action], rate: 1 });
      const ran = await start();
      expect(ran.text).toContain(`batch:${action} is not allowed; allow it in the policy of the manager's role`);
      expect(ran.code).toBe(77);
    },
  );

  it.each([
    ["s3:ListBucket", "ListObjectsV2"],
    ["s3:GetObject", "GetObject"],
    ["s3:PutObject", "PutObject"],
  ] as const)("names %s when it is denied", async (action, operation) => {
    aws.s3?.faults.add({ fault: "access-denied", operations: [operation], rate: 1 });
    const ran = await start();
    expect(ran.text).toContain(`${action} on bucket emulator-bucket is denied; allow it`);
    expect(ran.code).toBe(77);
  });

  it("says that --python and --preload mean nothing there, in one line", async () => {
    const ran = await start({ "--python": "/x", "--preload": "m" });
    expect(ran.text.match(/--python and --preload: without effect with --backend batch/g)).toHaveLength(1);
  });
});
