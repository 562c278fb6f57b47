import { AdapterError, type BackendHost, type JobSpec } from "@scaler-aws-hpc/adapter-core";
import type { JobDefinition, SubmitJobRequest } from "./batch-api.ts";
import { jobParameters, NONE, s3Store } from "./job-parameters.ts";
import type { OpenProfile } from "./open-profile.ts";
import { fits, inlineRoom, MAX_REQUEST_BYTES, requestBytes } from "./request-size.ts";
import { retryStrategy } from "./retry-rules.ts";
import type { ProfileSettings } from "./settings.ts";

/** What every job of this manager has in common. */
export interface RequestHost {
  readonly managerId: string;
  readonly tags: Readonly<Record<string, string>>;
  readonly version: string;
}

/** The least time-out that Batch takes, in seconds. */
const LEAST_TIMEOUT_S = 60;
const MOST_TIMEOUT_S = 2 ** 31 - 1;
/** Keys of our own tags. */
const TAGS = {
  manager: "scaler-aws-hpc:manager",
  profile: "scaler-aws-hpc:profile",
  version: "scaler-aws-hpc:version",
};

/** How many tags a job gets beside those of the user. */
export const OWN_TAGS = Object.keys(TAGS).length;

/** Makes the request of a job. @throws {AdapterError} `rejected` when it is larger than Batch takes, which {@link roomForInline} should have prevented */
export function submitRequest(spec: JobSpec, profile: OpenProfile, host: RequestHost): SubmitJobRequest {
  const definition = definitionFor(profile, spec.runner);
  if (definition === undefined) throw new AdapterError("rejected", `job ${spec.name}: ${NO_NODE_DEFINITION}`);
  const request: SubmitJobRequest = {
    ...skeleton(profile, definition, host),
    jobName: spec.name,
    ...(spec.children > 1 && { arrayProperties: { size: spec.children } }),
    parameters: { ...jobParameters(spec, host.managerId) },
    timeout: { attemptDurationSeconds: timeoutSeconds(spec.childLimitMs) },
    retryStrategy: retryStrategy(spec.attempts),
  };
  // What of a definition ECS counts is not known for sure: a job without an inline bundle is let go, and AWS judges.
  const inline = spec.payload.kind === "inline";
  if (inline ? fits(definition, request) : requestBytes(request) <= MAX_REQUEST_BYTES) return request;
  throw new AdapterError("rejected", `job ${spec.name}: its request would be larger than AWS Batch takes`);
}

/** What a user is told whose JavaScript tasks a profile has no image for. */
export const NO_NODE_DEFINITION =
  "there is no job definition for JavaScript tasks; start the manager with --node-job-definition (the same as --job-definition where its image has both runners)";

/** The definition of a profile's jobs for a runner; `undefined`: it has none. Runners of plugins share the first one. */
export const definitionFor = (profile: OpenProfile, runner: string): JobDefinition | undefined =>
  runner === "node" ? profile.nodeDefinition : profile.definition;

/** The largest inline bundle that fits whatever the names and the runner of a job of this profile are, in bytes. */
export function roomForInline(
  profile: OpenProfile,
  host: RequestHost,
  { store, runners }: Pick<BackendHost, "store" | "runners">,
): number {
  const { bucket, prefix, region, owner } = s3Store(store);
  const runner = runners.reduce((longest, { name }) => (name.length > longest.length ? name : longest), "r".repeat(16));
  const request: SubmitJobRequest = {
    ...skeleton(profile, profile.definition, host),
    jobName: "n".repeat(128),
    arrayProperties: { size: 10_000 },
    parameters: {
      task_id: "n".repeat(128),
      payload: "",
      compressed: ["1", "0".repeat(64), host.managerId, runner, profile.settings.name, region, owner].join(":"),
      s3_bucket: bucket,
      s3_prefix: prefix === "" ? NONE : prefix,
      s3_key: NONE,
    },
    timeout: { attemptDurationSeconds: MOST_TIMEOUT_S },
    retryStrategy: retryStrategy(10),
  };
  const { definition, nodeDefinition = definition } = profile;
  return Math.min(...[definition, nodeDefinition].map((one) => inlineRoom(one, withDefinition(request, one))));
}

function timeoutSeconds(limitMs: number): number {
  return Math.max(LEAST_TIMEOUT_S, Math.min(MOST_TIMEOUT_S, Math.ceil(limitMs / 1_000)));
}

const withDefinition = (request: SubmitJobRequest, { jobDefinitionArn }: JobDefinition): SubmitJobRequest =>
  jobDefinitionArn === undefined ? request : { ...request, jobDefinition: jobDefinitionArn };

function skeleton({ settings, queueArn }: OpenProfile, definition: JobDefinition, host: RequestHost): SubmitJobRequest {
  const needs = resourceRequirements(settings);
  return {
    jobName: "",
    jobQueue: queueArn,
    jobDefinition: definition.jobDefinitionArn ?? settings.definition,
    ...(needs.length > 0 && { containerOverrides: { resourceRequirements: needs } }),
    ...(settings.shareIdentifier !== undefined && { shareIdentifier: settings.shareIdentifier }),
    ...(settings.priority !== undefined && { schedulingPriorityOverride: settings.priority }),
    propagateTags: true,
    tags: {
      ...host.tags,
      [TAGS.manager]: host.managerId,
      [TAGS.profile]: settings.name,
      [TAGS.version]: host.version,
    },
  };
}

function resourceRequirements({ vcpu, memory, gpu }: ProfileSettings) {
  return [
    ...(vcpu === undefined ? [] : [{ type: "VCPU" as const, value: vcpu }]),
    ...(memory === undefined ? [] : [{ type: "MEMORY" as const, value: String(memory) }]),
    // Batch takes no 0 here; none is what a definition without a GPU has.
    ...(gpu === undefined || gpu === 0 ? [] : [{ type: "GPU" as const, value: String(gpu) }]),
  ];
}
