import { AdapterError, type Log } from "@scaler-aws-hpc/adapter-core";
import type { BatchApi, ComputeEnvironmentDetail, JobDefinition, JobQueueDetail } from "./batch-api.ts";
import type { CallGate } from "./call-gate.ts";
import { fargateRefusal } from "./fargate-sizes.ts";
import { missingReferences } from "./request-size.ts";
import type { ProfileSettings } from "./settings.ts";

/** A profile whose queue and definition were found fit to run jobs. */
export interface OpenProfile {
  readonly settings: ProfileSettings;
  /** As the service names them: what listings and submits are given. */
  readonly queueArn: string;
  readonly definition: JobDefinition;
  /** Of jobs for the runner `node`. */
  readonly nodeDefinition?: JobDefinition;
  /** Its machines are Spot instances, all or some. */
  readonly onSpot: boolean;
}

/** What {@link openProfiles} works with. */
export interface OpenParts {
  readonly api: BatchApi;
  readonly gate: CallGate;
  readonly log: Log;
}

const MOST_TAGS = 50;

/**
 * Looks at the queues, definitions and compute environments of all profiles before a task is taken.
 * @param ownTags how many tags each job gets
 * @throws {AdapterError} `config` naming what is wrong and what to do; `denied` naming the action; `unavailable`
 */
export async function openProfiles(
  parts: OpenParts,
  profiles: readonly ProfileSettings[],
  ownTags: number,
): Promise<ReadonlyMap<string, OpenProfile>> {
  const { api, gate } = parts;
  for (const { queue, definition, nodeDefinition = definition } of profiles) {
    for (const name of [queue, definition, nodeDefinition]) checkRegion(name, api.region);
  }
  const names = [...new Set(profiles.map(({ queue }) => queue))];
  const found = await gate.call({
    priority: "poll",
    action: "batch:DescribeJobQueues",
    doing: `looking at the job queue ${names.join(", ")} in ${api.region}`,
    run: () => api.queues(names),
  });
  const queues = new Map(names.map((name) => [name, checkQueue(name, found, api.region)]));
  const environments = await environmentsOf(parts, [...queues.values()]);
  const definitions = new Map<string, JobDefinition>();
  const open = new Map<string, OpenProfile>();
  for (const settings of profiles) {
    const queue = queues.get(settings.queue);
    if (queue === undefined) continue;
    for (const name of [settings.definition, settings.nodeDefinition ?? settings.definition]) {
      if (!definitions.has(name)) definitions.set(name, await definitionOf(parts, name));
    }
    const definition = definitions.get(settings.definition);
    const nodeDefinition = definitions.get(settings.nodeDefinition ?? "");
    if (definition === undefined) continue;
    const used = nodeDefinition === undefined ? [definition] : [definition, nodeDefinition];
    const count = ownTags + Math.max(...used.map(({ tags = {} }) => Object.keys(tags).length));
    if (count > MOST_TAGS) {
      throw new AdapterError(
        "config",
        `--batch-tags: expected at most ${MOST_TAGS} tags with ours and those of the job definition, got ${count}`,
      );
    }
    checkShare(settings, queue);
    const machines = (queue.computeEnvironmentOrder ?? []).flatMap(
      ({ computeEnvironment = "" }) => environments.get(computeEnvironment) ?? [],
    );
    checkMachines(settings, queue, machines);
    for (const one of used) checkSize(settings, queue, machines, one);
    open.set(settings.name, {
      settings,
      queueArn: queue.jobQueueArn ?? settings.queue,
      definition,
      ...(nodeDefinition !== undefined && { nodeDefinition }),
      onSpot: machines.some(({ computeResources }) => /SPOT/.test(computeResources?.type ?? "")),
    });
  }
  return open;
}

/** @throws {AdapterError} `config` for an ARN of another region */
export function checkRegion(name: string, region: string): void {
  const own = name.startsWith("arn:") ? name.split(":")[3] : region;
  if (own === region) return;
  throw new AdapterError("config", `${name}: it is in ${own}, but requests go to ${region}; give --aws-region ${own}`);
}

/** Picks a queue out of an answer. @throws {AdapterError} `config` when it is not there, or takes no jobs */
export function checkQueue(name: string, found: readonly JobQueueDetail[], region: string): JobQueueDetail {
  const queue = found.find(({ jobQueueName, jobQueueArn }) => jobQueueName === name || jobQueueArn === name);
  if (queue === undefined) {
    throw new AdapterError(
      "config",
      `job queue ${name}: there is none of this name in ${region} of this account (asked with batch:DescribeJobQueues); look at --job-queue, --aws-region and the credentials`,
    );
  }
  const { state, status, statusReason = "no reason given" } = queue;
  if (state === "DISABLED") {
    throw new AdapterError("config", `job queue ${name}: it is disabled; enable it or choose another with --job-queue`);
  }
  if (status === "INVALID" || status === "DELETING" || status === "DELETED") {
    throw new AdapterError(
      "config",
      `job queue ${name}: expected status VALID, got ${status} (${statusReason}); mend it or choose another with --job-queue`,
    );
  }
  if (queue.jobQueueType === "SAGEMAKER_TRAINING" || (queue.serviceEnvironmentOrder ?? []).length > 0) {
    throw new AdapterError("config", `job queue ${name}: it is for service jobs; choose one with compute environments`);
  }
  return queue;
}

/** Compute environments by ARN and name. What may not be seen is not checked. */
async function environmentsOf(
  { api, gate, log }: OpenParts,
  queues: readonly JobQueueDetail[],
): Promise<ReadonlyMap<string, ComputeEnvironmentDetail>> {
  const names = new Set(
    queues.flatMap((queue) => (queue.computeEnvironmentOrder ?? []).flatMap((one) => one.computeEnvironment ?? [])),
  );
  const found = new Map<string, ComputeEnvironmentDetail>();
  if (names.size === 0) return found;
  try {
    const all = await gate.call({
      priority: "poll",
      action: "batch:DescribeComputeEnvironments",
      doing: "looking at the compute environments",
      run: () => api.environments([...names]),
    });
    for (const one of all) {
      if (one.computeEnvironmentArn !== undefined) found.set(one.computeEnvironmentArn, one);
      if (one.computeEnvironmentName !== undefined) found.set(one.computeEnvironmentName, one);
    }
  } catch (reason) {
    log.warn("the compute environments are not checked", { reason: String(reason) });
  }
  return found;
}

/** The latest active revision, or the one that is named. @throws {AdapterError} `config` when there is none, or it is not made for these jobs */
export async function definitionOf(
  { api, gate }: Pick<OpenParts, "api" | "gate">,
  name: string,
): Promise<JobDefinition> {
  const all = await gate.call({
    priority: "poll",
    action: "batch:DescribeJobDefinitions",
    doing: `looking at the job definition ${name} in ${api.region}`,
    run: () => api.definitions(name),
  });
  const [definition] = all
    .filter(({ status = "ACTIVE" }) => status === "ACTIVE")
    .toSorted((a, b) => (b.revision ?? 0) - (a.revision ?? 0));
  if (definition === undefined) {
    throw new AdapterError(
      "config",
      `job definition ${name}: no active revision of it in ${api.region} of this account (asked with batch:DescribeJobDefinitions); look at --job-definition, --aws-region and the credentials`,
    );
  }
  checkDefinition(name, definition);
  return definition;
}

function checkDefinition(name: string, definition: JobDefinition): void {
  const { containerProperties, type } = definition;
  if (type !== "container" || containerProperties === undefined) {
    throw new AdapterError(
      "config",
      `job definition ${name}: expected type "container" with containerProperties, got ${type ?? "none"}${definition.eksProperties ? " for EKS" : ""}; register one of that type`,
    );
  }
  const missing = missingReferences(containerProperties.command ?? []);
  if (missing.length === 0) return;
  const refs = missing.map((parameter) => `Ref::${parameter}`).join(", ");
  throw new AdapterError(
    "config",
    `job definition ${name}: its command lacks ${refs}, so jobs would not know what to run; expected --task_id Ref::task_id --payload Ref::payload --compressed Ref::compressed --s3_bucket Ref::s3_bucket --s3_prefix Ref::s3_prefix --s3_key Ref::s3_key`,
  );
}

function checkShare({ shareIdentifier, name }: ProfileSettings, queue: JobQueueDetail): void {
  const fair = queue.schedulingPolicyArn !== undefined && queue.schedulingPolicyArn !== "";
  if (fair && shareIdentifier === undefined) {
    throw new AdapterError(
      "config",
      `profile ${name}: job queue ${queue.jobQueueName} shares fairly; give --batch-share-identifier`,
    );
  }
  if (!fair && shareIdentifier !== undefined) {
    throw new AdapterError(
      "config",
      `profile ${name}: job queue ${queue.jobQueueName} has no scheduling policy, so it takes no share identifier`,
    );
  }
}

function checkMachines(
  { name, gpu, vcpu }: ProfileSettings,
  queue: JobQueueDetail,
  machines: readonly ComputeEnvironmentDetail[],
): void {
  if (machines.length === 0) return;
  const usable = machines.filter(({ state, status }) => state !== "DISABLED" && status !== "INVALID");
  if (usable.length === 0) {
    const states = machines.map(
      (one) =>
        `${one.computeEnvironmentName}: ${one.state}, ${one.status}${one.statusReason ? ` (${one.statusReason})` : ""}`,
    );
    throw new AdapterError(
      "config",
      `job queue ${queue.jobQueueName}: none of its compute environments is enabled and valid; ${states.join("; ")}`,
    );
  }
  const types = usable.map(({ computeResources }) => computeResources?.type ?? "");
  if (gpu !== undefined && gpu > 0 && types.every((type) => type.startsWith("FARGATE"))) {
    throw new AdapterError(
      "config",
      `profile ${name}: gpu ${gpu}, but job queue ${queue.jobQueueName} runs on Fargate, which has none; use a queue on EC2`,
    );
  }
  const most = Math.max(
    ...usable.map(({ computeResources }) => computeResources?.maxvCpus ?? Number.POSITIVE_INFINITY),
  );
  if (vcpu !== undefined && Number(vcpu) > most) {
    throw new AdapterError(
      "config",
      `profile ${name}: vcpu ${vcpu}, but the compute environments of job queue ${queue.jobQueueName} have at most ${most}`,
    );
  }
}

/** What a job gets in all, of the profile and the definition, must be a size that Fargate has. */
function checkSize(
  settings: ProfileSettings,
  queue: JobQueueDetail,
  machines: readonly ComputeEnvironmentDetail[],
  { containerProperties, jobDefinitionName }: JobDefinition,
): void {
  if (machines.length === 0) return;
  if (!machines.every(({ computeResources }) => computeResources?.type?.startsWith("FARGATE"))) return;
  const needs = new Map((containerProperties?.resourceRequirements ?? []).map(({ type, value }) => [type, value]));
  const vcpu = settings.vcpu ?? String(Number(needs.get("VCPU")));
  const refusal = fargateRefusal(vcpu, settings.memory ?? Number(needs.get("MEMORY")));
  if (refusal === undefined) return;
  const text = `profile ${settings.name}: ${refusal}; job queue ${queue.jobQueueName}, job definition ${jobDefinitionName}; set vcpu and memory of the profile`;
  throw new AdapterError("config", text);
}
