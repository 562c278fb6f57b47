import {
  CloudWatchLogsClient,
  CreateLogGroupCommand,
  CreateLogStreamCommand,
  GetLogEventsCommand,
  PutLogEventsCommand,
} from "@aws-sdk/client-cloudwatch-logs";
import { CreateBucketCommand, S3Client } from "@aws-sdk/client-s3";
import { type PayloadStore, systemClock } from "@scaler-aws-hpc/adapter-core";
import { payloadStoreCases } from "@scaler-aws-hpc/adapter-core/conformance";
import { S3PayloadStore } from "@scaler-aws-hpc/payload-s3";
import { LocalstackContainer, type StartedLocalStackContainer } from "@testcontainers/localstack";
import { Wait } from "testcontainers";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { queryAws } from "../../test-support/containers/aws-query.ts";
import { waitForLocalStack } from "../../test-support/containers/localstack.ts";
import { containerBed } from "../../test-support/containers/with-bed.ts";
import { awsEnvironment, withEnvironment } from "../s3-store/s3-place.ts";

const bed = containerBed();
const quiet = (): void => undefined;
const host = { clock: systemClock, log: { debug: quiet, info: quiet, warn: quiet, error: quiet } };
const REGION = "us-east-1";
const credentials = { accessKeyId: "testing", secretAccessKey: "testing" };

/** LocalStack keeps a key locked whose put was cut off: no later request for it is answered, by whatever client. On moto and the fake the case passes. */
const CUT_OFF = "settles put when aborted during it, and leaves the whole object or none";

let localStack: StartedLocalStackContainer;
let environment: Disposable;
let endpoint = "";
let places = 0;

beforeAll(async () => {
  if (bed === undefined) return;
  const image = await waitForLocalStack(bed.localStackFile);
  // Its reaper is an image of its own, which may be out of reach; the engine's end takes all with it.
  const testcontainers = { TESTCONTAINERS_RYUK_DISABLED: "true", TESTCONTAINERS_HOST_OVERRIDE: "127.0.0.1" };
  const begun = performance.now();
  using _engine = withEnvironment({ ...bed.env, ...testcontainers });
  const ready = Wait.forHttp("/_localstack/health", 4566).forStatusCode(200);
  localStack = await new LocalstackContainer(image).withWaitStrategy(ready).withStartupTimeout(60_000).start();
  endpoint = localStack.getConnectionUri();
  const seconds = ((performance.now() - begun) / 1_000).toFixed(1);
  console.log(`LocalStack: ${image} started in ${seconds} s`);
  environment = withEnvironment(awsEnvironment(endpoint, REGION));
  const s3 = new S3Client({ endpoint, region: REGION, credentials, forcePathStyle: true });
  await s3.send(new CreateBucketCommand({ Bucket: "payloads" }));
  s3.destroy();
});

afterAll(async () => {
  environment?.[Symbol.dispose]();
  await localStack?.stop();
});

describe("S3PayloadStore keeps the payload-store contract on LocalStack", () => {
  const openPlace = async () => {
    const prefix = `tests/place-${places++}`;
    return {
      open: (): Promise<PayloadStore> => S3PayloadStore.open({ bucket: "payloads", prefix }, host),
      [Symbol.asyncDispose]: async () => undefined,
    };
  };
  const cases = payloadStoreCases({ openPlace });
  for (const { name, run } of cases.filter((one) => one.name !== CUT_OFF)) it(name, run, 60_000);
  it("has all cases but the one that it cannot pass", () => {
    expect(cases.filter(({ name }) => name === CUT_OFF)).toHaveLength(1);
  });
});

describe("LocalStack, for what asks other services", () => {
  it("says who one is (STS)", async () => {
    const answer = await queryAws(endpoint, "sts", { Action: "GetCallerIdentity" });
    expect(answer).toContain("<Account>000000000000</Account>");
  });

  it("keeps roles (IAM)", async () => {
    const RoleName = "job-role";
    await queryAws(endpoint, "iam", { Action: "CreateRole", RoleName, AssumeRolePolicyDocument: "{}" });
    expect(await queryAws(endpoint, "iam", { Action: "GetRole", RoleName })).toContain("role/job-role</Arn>");
    await expect(queryAws(endpoint, "iam", { Action: "GetRole", RoleName: "none" })).rejects.toThrow("NoSuchEntity");
  });

  it("keeps lines of logs (Logs)", async () => {
    const logs = new CloudWatchLogsClient({ endpoint, region: REGION, credentials });
    const [logGroupName, logStreamName] = ["/scaler-aws-hpc/jobs", "a-job/default/1"];
    await logs.send(new CreateLogGroupCommand({ logGroupName }));
    await logs.send(new CreateLogStreamCommand({ logGroupName, logStreamName }));
    const logEvents = [{ timestamp: Date.now(), message: "the last line" }];
    await logs.send(new PutLogEventsCommand({ logGroupName, logStreamName, logEvents }));
    const { events = [] } = await logs.send(new GetLogEventsCommand({ logGroupName, logStreamName }));
    expect(events.map(({ message }) => message)).toEqual(["the last line"]);
    logs.destroy();
  });
});
