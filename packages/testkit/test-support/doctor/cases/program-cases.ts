import { type AddressInfo, createServer } from "node:net";
import { withEnvironment } from "../../../src/s3-store/s3-place.ts";
import { type Case, flags } from "./broken.ts";

/** A port on which nobody listens any more. */
async function closedPort(): Promise<string> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return `tcp://127.0.0.1:${port}`;
}

/** The program and its settings. */
export const PROGRAM: readonly Case[] = [
  {
    what: "Node is too old",
    breakIt: () => ({ nodeVersion: "v20.20.0" }),
    ids: ["node"],
    says: /v20\.20\.0 is older than 22\.13; install Node/,
    exit: 78,
  },
  {
    what: "the scheduler's address is missing",
    breakIt: flags({ "scheduler-address": undefined }),
    ids: ["start-settings"],
    says: /no scheduler address/,
    exit: 78,
  },
  {
    what: "two settings do not fit",
    breakIt: flags({ "link-timeout": "1" }),
    ids: ["start-settings"],
    says: /link-timeout: expected at least twice/,
    exit: 78,
  },
  {
    what: "a setting is no value",
    breakIt: flags({ "max-retries": "many" }),
    ids: ["settings"],
    says: /max-retries/,
    exit: 78,
  },
  {
    what: "the backend is unknown",
    breakIt: flags({ backend: "bacth" }),
    ids: ["backend"],
    says: /did you mean "batch"/,
    exit: 78,
  },
  {
    what: "the queue is not named",
    breakIt: flags({ "job-queue": undefined }),
    ids: ["backend"],
    says: /give --job-queue/,
    exit: 78,
  },
  {
    what: "the queue's name is none",
    breakIt: flags({ "job-queue": "a queue" }),
    ids: ["backend"],
    says: /expected the name or ARN of a job queue/,
    exit: 78,
  },
  {
    what: "the bucket is not named",
    breakIt: flags({ "s3-bucket": undefined }),
    ids: ["payload-store"],
    says: /give --s3-bucket/,
    exit: 78,
  },
  {
    what: "the store is this machine's",
    breakIt: flags({ "payload-store": "fs" }),
    ids: ["batch-store"],
    says: /use --payload-store s3/,
    exit: 78,
  },
];

/** The cluster. */
export const SCHEDULER: readonly Case[] = [
  {
    what: "nobody listens at the scheduler's address",
    breakIt: async () => ({ flags: { "scheduler-address": await closedPort() } }),
    ids: ["scheduler"],
    says: /ECONNREFUSED.*start it, or correct the address/,
    exit: 69,
  },
  {
    what: "something else listens there",
    breakIt: (bed) => {
      bed.scheduler.hello = Buffer.from("HTTP/1.1 400 Bad Request\r\n\r\n");
      return {};
    },
    ids: ["scheduler"],
    says: /expected a Scaler server/,
    exit: 78,
  },
  {
    what: "the scheduler speaks a newer version",
    breakIt: (bed) => {
      bed.scheduler.hello = Buffer.from("YMQ\x07");
      return {};
    },
    ids: ["scheduler"],
    says: /version/i,
    exit: 78,
  },
  {
    what: "the object storage is away",
    breakIt: async () => ({ flags: { "object-storage-address": await closedPort() } }),
    ids: ["object-storage"],
    says: /the object storage at .*ECONNREFUSED/,
    exit: 69,
  },
  {
    what: "the file with certificates is away",
    breakIt: flags({ "tls-ca": "/nowhere/ca.pem" }),
    ids: ["scheduler-trust"],
    says: /cannot be read \(ENOENT\)/,
    exit: 78,
  },
];

/** Who asks. */
export const AWS: readonly Case[] = [
  {
    what: "there are no credentials",
    breakIt: () => {
      const env = withEnvironment({ AWS_ACCESS_KEY_ID: "", AWS_SECRET_ACCESS_KEY: "" });
      return { mend: () => env[Symbol.dispose]() };
    },
    ids: ["aws-credentials"],
    says: /none were found.*set AWS_PROFILE/,
    exit: 77,
  },
  {
    what: "the credentials are nobody's",
    breakIt: (bed) => {
      const body =
        "<ErrorResponse><Error><Code>InvalidClientTokenId</Code><Message>The security token is invalid</Message></Error></ErrorResponse>";
      bed.proxy.rule("sts:GetCallerIdentity", () => ({ status: 403, headers: {}, body }));
      return {};
    },
    ids: ["aws-account"],
    says: /the AWS credentials are not valid/,
    exit: 77,
  },
  {
    what: "the clock is wrong",
    breakIt: (bed) => {
      bed.proxy.skewMs = -12 * 60_000;
      return {};
    },
    ids: ["aws-clock"],
    says: /7[12]\d s ahead of AWS: AWS refuses such signatures.*synchronise/,
    exit: 0,
  },
];
