import { RunnerError } from "../runner-error.ts";
import { PARAMETERS } from "./arguments.ts";
import type { Job } from "./job.ts";

const NONE = "none";
const NAME = /^[A-Za-z0-9][A-Za-z0-9_-]{0,127}$/;
const WORD = /^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$/;
const KEY = /^[A-Za-z0-9_-][A-Za-z0-9._-]*(?:\/[A-Za-z0-9_-][A-Za-z0-9._-]*)*$/;
const BUCKET = /^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/;
const PRINTABLE = /^[^\p{Cc}\p{Cf}\p{Cs}]{1,512}$/u;
const COUNT = /^(?:0|[1-9][0-9]{0,8})$/;

/** Fields of the descriptor in `--compressed` behind its version. */
const FIELDS: readonly (readonly [name: string, shape: RegExp])[] = [
  ["secret", /^[0-9a-f]{64}$/],
  ["manager", NAME],
  ["runner", WORD],
  ["profile", WORD],
  ["region", /^[a-z0-9-]{2,64}$/],
  ["owner", /^(?:-|[0-9]{12})$/],
];

/**
 * The job that parameters and environment describe, as a `run` line would. Refuses what is not exactly what a manager of this project sends.
 * @throws {RunnerError} `usage`, `environment`
 */
export function describeJob(parameters: ReadonlyMap<string, string>, environment: NodeJS.ProcessEnv): Job {
  const [job, payload, descriptor, bucket, prefix, key] = PARAMETERS.map((name) => required(parameters, name));
  const { secret, manager, region, owner } = readDescriptor(descriptor ?? "");
  if (!NAME.test(job ?? "")) refuse("--task_id is not the name of a job");
  if (!BUCKET.test(bucket ?? "") || bucket === NONE) refuse("--s3_bucket is not the name of a bucket");
  if (prefix !== NONE && !PRINTABLE.test(prefix ?? "")) refuse("--s3_prefix is not a prefix of keys");
  if ((payload === NONE) === (key === NONE)) refuse("one of --payload and --s3_key must be none, and only one");
  if (key !== NONE && (!KEY.test(key ?? "") || !key?.startsWith(`v1/in/${manager}/`))) {
    refuse("--s3_key is not the key of a bundle of this manager");
  }
  if (payload !== NONE && !/^[A-Za-z0-9_-]+$/.test(payload ?? "")) {
    refuse("--payload is not base64url without padding");
  }
  if (!environment.AWS_BATCH_JOB_ID) missing("AWS_BATCH_JOB_ID");
  return {
    job: job ?? "",
    child: count(environment, "AWS_BATCH_JOB_ARRAY_INDEX", 0, 0),
    attempt: count(environment, "AWS_BATCH_JOB_ATTEMPT", 1),
    secret: secret ?? "",
    store: { kind: "s3", bucket, prefix: prefix === NONE ? "" : prefix, region, owner },
    bundle: key === NONE ? undefined : key,
    inline: payload === NONE ? undefined : payload,
    outPrefix: `v1/out/${manager}/${job}.`,
  };
}

function required(parameters: ReadonlyMap<string, string>, name: string): string {
  const value = parameters.get(name);
  if (value === undefined) {
    return refuse(`the parameter --${name} is missing; all of ${PARAMETERS.join(", ")} are needed`);
  }
  if (value !== `Ref::${name}`) return value;
  return refuse(
    `the parameter --${name} was not substituted: the job was submitted without parameters, by something other than a manager`,
  );
}

function readDescriptor(descriptor: string): Readonly<Record<string, string | undefined>> {
  if (["0", "1", NONE, ""].includes(descriptor)) {
    const got = JSON.stringify(descriptor);
    refuse(
      `this job was submitted by another manager, the one of the original aws_hpc adapter (compressed is ${got}): this image runs jobs of scaler-aws-hpc, the other one needs its own job definition and image`,
    );
  }
  const [version = "", ...fields] = descriptor.split(":");
  if (!/^[0-9]{1,6}$/.test(version)) refuse("the descriptor in --compressed is not one of this project");
  if (version !== "1") {
    refuse(
      `the descriptor in --compressed is of version ${version}, this runner knows version 1: the image is older than the manager`,
    );
  }
  if (fields.length !== FIELDS.length) {
    refuse(`the descriptor in --compressed has ${1 + fields.length} fields instead of ${1 + FIELDS.length}`);
  }
  const found: Record<string, string | undefined> = {};
  for (const [index, [name, shape]] of FIELDS.entries()) {
    if (!shape.test(fields[index] ?? ""))
      refuse(`the field ${name} of the descriptor in --compressed is not well formed`);
    found[name] = fields[index];
  }
  if (found.runner !== "node") refuse(`this job is for the runner ${found.runner}, this image has the runner node`);
  return found;
}

function count(environment: NodeJS.ProcessEnv, name: string, least: number, absent?: number): number {
  const text = environment[name];
  if (!text) return absent ?? missing(name);
  if (COUNT.test(text) && Number(text) >= least) return Number(text);
  const got = JSON.stringify(text.slice(0, 32));
  throw new RunnerError("environment", `the variable ${name} is ${got}, not a number from ${least} on`);
}

function missing(name: string): never {
  throw new RunnerError(
    "environment",
    `the variable ${name} is not set: this program is started as a job of AWS Batch`,
  );
}

function refuse(text: string): never {
  throw new RunnerError("usage", text);
}
