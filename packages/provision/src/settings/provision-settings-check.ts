import { AdapterError } from "@scaler-aws-hpc/adapter-core";
import { Checks, isKeyPrefix } from "./checks.ts";
import { checkCompute } from "./compute-check.ts";
import type { ProvisionSettings } from "./provision-settings.ts";
import { isRegion, type ProvisionChoices, withDefaults } from "./settings-defaults.ts";

const DEPLOYMENT = /^(?=.{2,32}$)[a-z][a-z0-9]*(?:-[a-z0-9]+)*$/;
const BUCKET = /^(?=.{3,63}$)[a-z0-9](?:[a-z0-9-]*[a-z0-9])?$/;
const RESERVED_BUCKET = /^(?:xn--|sthree-|amzn-s3-demo-)|(?:-s3alias|--ol-s3|--x-s3|--table-s3)$/;
const REPOSITORY = /^(?=.{2,256}$)[a-z0-9]+(?:[._-][a-z0-9]+)*(?:\/[a-z0-9]+(?:[._-][a-z0-9]+)*)*$/;
// Those that PutRetentionPolicy of CloudWatch Logs takes.
const RETENTION = [
  1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653,
];
// 50 of a resource, less our own and those that CloudFormation adds.
const MOST_TAGS = 40;
// The characters that every service involved takes; IAM takes the fewest.
const TAG = /^[\p{L}\p{Z}\p{N}_.:/=+\-@]*$/u;

/**
 * Settings from what a user chose: defaults filled in, everything checked.
 * @throws {AdapterError} `config` that names every wrong setting with what was expected and what was given
 */
export function provisionSettings(choices: ProvisionChoices): ProvisionSettings {
  const settings = withDefaults(choices);
  const problems = settingsProblems(settings);
  if (problems.length === 0) return settings;
  throw new AdapterError("config", problems.join("\n"));
}

/** What is wrong with settings, a line for each; nothing when they are fine. Asks nobody: whether the subnets exist is another question. */
function settingsProblems(settings: ProvisionSettings): readonly string[] {
  const { deployment, region, accountId, bucket, repository } = settings;
  const checks = new Checks();
  // What was made from a wrong name is wrong for no reason of its own.
  const given = (name: string): boolean => DEPLOYMENT.test(deployment) || !name.startsWith(deployment);
  checks.that(
    DEPLOYMENT.test(deployment),
    "--prefix",
    "2 to 32 of a-z, 0-9 and single hyphens, beginning with a letter and ending with none of those hyphens",
    deployment,
  );
  checks.that(isRegion(region), "--region", "a region of AWS, such as eu-west-1", region);
  checks.that(/^\d{12}$/.test(accountId), "account", "the 12 digits of an AWS account", accountId);
  checks.that(
    (BUCKET.test(bucket) && !RESERVED_BUCKET.test(bucket)) || !given(bucket),
    "--s3-bucket",
    "3 to 63 of a-z, 0-9 and hyphens, without a beginning or an ending that S3 keeps for itself",
    bucket,
  );
  checks.that(
    isKeyPrefix(settings.prefix),
    "--s3-prefix",
    "names of A-Z a-z 0-9 . _ - with slashes between them, at most 256 characters",
    settings.prefix,
  );
  checks.that(
    REPOSITORY.test(repository) || !given(repository),
    "--repository",
    "2 to 256 of a-z, 0-9 and . _ - / between them, which is what ECR takes",
    repository,
  );
  // Batch knows a job for 7 days: its results must not be gone before.
  checks.whole("--lifecycle-days", settings.lifecycleDays, 8, 3650, "days");
  const days = settings.logRetentionDays;
  checks.that(RETENTION.includes(days), "--log-retention-days", `one of ${RETENTION.join(" ")}`, days);
  checkKey(checks, settings);
  checkTags(checks, settings.tags);
  checkCompute(checks, settings);
  return checks.problems;
}

function checkKey(checks: Checks, { kmsKeyArn, partition, region }: ProvisionSettings): void {
  if (kmsKeyArn === undefined) return;
  const [head, ...id] = kmsKeyArn.split("/");
  const right =
    new RegExp(`^arn:${partition}:kms:${region}:\\d{12}:key$`).test(head ?? "") &&
    id.length === 1 &&
    /^(?:mrk-)?[0-9a-f-]{8,64}$/.test(id[0] ?? "");
  const expected = `the ARN of a key in ${region} (not of an alias, which policies do not know), as arn:${partition}:kms:${region}:123456789012:key/...`;
  checks.that(right, "--kms-key", expected, kmsKeyArn);
}

function checkTags(checks: Checks, tags: ProvisionSettings["tags"]): void {
  const count = Object.keys(tags).length;
  checks.that(count <= MOST_TAGS, "--tag", `at most ${MOST_TAGS} (there are ours and those of CloudFormation)`, count);
  for (const [key, value] of Object.entries(tags)) {
    const own = /^(?:aws:|scaler-aws-hpc:)/i.test(key);
    const name = key.length >= 1 && key.length <= 128 && TAG.test(key) && !own;
    const right = name && value.length <= 256 && TAG.test(value);
    const expected =
      "a key of 1 to 128 and a value of at most 256 letters, digits, spaces and _.:/=+-@, no key of AWS's or ours";
    checks.that(right, "--tag", expected, `${key}=${value}`);
  }
}
