import { type AbortOptions, type Finding, fault, isAdapterError, ok, warning } from "@scaler-aws-hpc/adapter-core";
import { classifyAwsFailure } from "../aws-failure.ts";
import type { AccountParts } from "./account-look.ts";

/** Nobody has this id: asking about it, or for its end, changes nothing. */
const NO_JOB = "00000000-0000-0000-0000-000000000000";
const REASON = "scaler-aws-hpc doctor: is this allowed?";

/**
 * Asks what a manager asks all the time, and to end a job that nobody has: harmless, and refused where the permission is missing. `batch:SubmitJob` cannot be
 * tried without a job.
 */
export async function permissionFindings(
  { api, gate }: AccountParts,
  queue: string,
  options?: AbortOptions,
): Promise<readonly Finding[]> {
  const calls: readonly (readonly [string, () => Promise<unknown>])[] = [
    ["batch:DescribeJobs", () => api.describe([NO_JOB], options)],
    ["batch:ListJobs", () => api.list({ queue, status: "RUNNABLE", most: 1 }, undefined, options)],
    ["batch:TerminateJob", () => mayBeUnknown(api.terminate(NO_JOB, REASON, options))],
  ];
  const missing: Finding[] = [];
  for (const [action, run] of calls) {
    try {
      await gate.call({ priority: "poll", action, doing: `trying ${action}`, run }, options);
    } catch (reason) {
      if (!isAdapterError(reason) || reason.code !== "denied") throw reason;
      missing.push(fault(`${action} is not allowed`, `allow ${action}; see the policy in docs/batch.md`, "denied"));
    }
  }
  if (missing.length > 0) return missing;
  try {
    await gate.call({
      priority: "poll",
      action: "batch:GetJobQueueSnapshot",
      doing: "trying batch:GetJobQueueSnapshot",
      run: () => api.snapshot(queue, options),
    });
  } catch (reason) {
    // Says where in the queue a job that waits is; a service without it, or a role without it, costs nothing else.
    if (isAdapterError(reason) && reason.code === "denied")
      return [
        warning("batch:GetJobQueueSnapshot is not allowed", "allow it, so that reports of jobs that wait are complete"),
      ];
  }
  return [ok(`${calls.map(([action]) => action).join(", ")} are allowed`)];
}

/** Whatever the service says of an id that it does not know, it was allowed to say it. */
async function mayBeUnknown(call: Promise<unknown>): Promise<void> {
  try {
    await call;
  } catch (reason) {
    if (classifyAwsFailure(reason) !== "rejected" && classifyAwsFailure(reason) !== "unknown-operation") throw reason;
  }
}
