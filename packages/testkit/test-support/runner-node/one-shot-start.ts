import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { encodeBundle, encodeSection } from "@scaler-aws-hpc/adapter-core";
import type { FakeS3 } from "../../src/fake-s3/index.ts";
import type { Starter } from "./start-times.ts";

/** Bucket that jobs are started for. */
export const START_BUCKET = "start-bucket";

const SECRET = "5a".repeat(32);
const LOOK_MS = 1;
let jobs = 0;

/** Milliseconds from the start of a job's process, with one task in its parameters, until the result is in the store. */
export async function firstStored(s3: FakeS3, starter: Starter & { readonly language: string }): Promise<number> {
  jobs += 1;
  const prefix = `p${jobs}`;
  const objects = [starter.serializer, starter.fn, starter.arg].map((bytes) => {
    const id = createHash("sha256").update(bytes).digest("hex");
    return { id, bytes, raw: bytes.length, gzip: false };
  });
  const [serializer = "", fn = "", arg = ""] = objects.map(({ id }) => id);
  const section = encodeSection({
    ...{ job: "j", child: 0, client: "c0ffee", taskLimitMs: 60_000, flushMs: 0, flushBytes: 1, fresh: false },
    ...{ serializer, objects },
    tasks: [{ id: "0".repeat(32), fn, args: [arg], stream: false, profiling: false }],
  });
  const bundle = Buffer.concat(await encodeBundle({ job: "j", secret: SECRET, sections: [section] }));
  const parameters = {
    ...{
      task_id: "j",
      payload: bundle.toString("base64url"),
      s3_bucket: START_BUCKET,
      s3_prefix: prefix,
      s3_key: "none",
    },
    compressed: `1:${SECRET}:m:${starter.language}:default:us-east-1:-`,
  };
  const words = Object.entries(parameters).flatMap(([name, value]) => [`--${name}`, value]);
  const env = {
    ...{ PATH: process.env["PATH"], HOME: process.env["HOME"], AWS_ENDPOINT_URL_S3: s3.endpoint },
    ...{ AWS_ACCESS_KEY_ID: "testing", AWS_SECRET_ACCESS_KEY: "secret", AWS_EC2_METADATA_DISABLED: "true" },
    ...{ AWS_BATCH_JOB_ID: "6f1c", AWS_BATCH_JOB_ATTEMPT: "1" },
  };
  const began = performance.now();
  const child = spawn(starter.file, [...starter.args, ...words], { env, stdio: ["ignore", "ignore", "pipe"] });
  let log = "";
  child.stderr.on("data", (chunk: Buffer) => {
    log += chunk.toString();
  });
  let storedMs: number | undefined;
  const look = setInterval(() => {
    if (storedMs === undefined && s3.keys(`${prefix}/`, START_BUCKET).length > 0) storedMs = performance.now() - began;
  }, LOOK_MS);
  const code = await new Promise<number | null>((resolve) => child.once("close", resolve));
  clearInterval(look);
  if (code !== 0) throw new Error(log);
  return storedMs ?? performance.now() - began;
}
