import { type AbortOptions, type Finding, fault, ok, warning } from "@scaler-aws-hpc/adapter-core";
import { classifyAwsFailure, fromAws } from "../aws-failure.ts";
import type { BatchApi, JobDefinition } from "../batch-api.ts";

const DEFAULT_GROUP = "/aws/batch/job";
/** Nobody has a stream of this name: the answer tells of the group, and whether it may be read. */
const NO_STREAM = "scaler-aws-hpc/doctor/none";

/** Where jobs of a definition log, whether that is there, and whether its lines may be read. */
export async function logFinding(
  api: Pick<BatchApi, "logTail">,
  { containerProperties }: Pick<JobDefinition, "containerProperties">,
  options?: AbortOptions,
): Promise<Finding> {
  const { logDriver = "awslogs", options: settings = {} } = containerProperties?.logConfiguration ?? {};
  if (logDriver !== "awslogs") {
    const fix = "use the driver awslogs to have the last lines of a failed container in its tasks' errors";
    return warning(`jobs log by ${logDriver}, which cannot be read from here`, fix);
  }
  const group = settings["awslogs-group"] ?? DEFAULT_GROUP;
  try {
    await api.logTail(group, NO_STREAM, 1, options);
  } catch (reason) {
    const said = reason instanceof Error ? `${reason.name}: ${reason.message}` : String(reason);
    if (/ResourceNotFound/.test(said)) return /stream/i.test(said) ? ok(readable(group)) : absent(group, settings);
    if (classifyAwsFailure(reason) !== "denied")
      throw fromAws(reason, "logs:GetLogEvents", `reading ${group}`, options?.signal);
    const fix = "allow logs:GetLogEvents on it to have the last lines of a failed container in its tasks' errors";
    return warning(`${group} may not be read`, fix);
  }
  return ok(readable(group));
}

const readable = (group: string): string => `${group} is there and may be read`;

/** AWS Batch makes its own group with the first job; of others only the container's agent could, if told. */
function absent(group: string, settings: Readonly<Record<string, string>>): Finding {
  if (group === DEFAULT_GROUP) return ok(`${group} is made with the first job`);
  if (settings["awslogs-create-group"] === "true")
    return ok(`${group} is made with the first job, as the definition says`);
  return fault(
    `${group} does not exist, so containers will not start`,
    `make it (aws logs create-log-group --log-group-name ${group}), or name another in the job definition`,
  );
}
