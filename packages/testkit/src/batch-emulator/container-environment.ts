import type { UnitJob } from "./job.ts";

/** The variables of one container: those of the job, and those that Batch sets. */
export function containerEnvironment(job: UnitJob, attempt: number): Readonly<Record<string, string>> {
  const { queue, environment } = job.spec;
  const child: Readonly<Record<string, string>> =
    job.parent === undefined
      ? {}
      : {
          AWS_BATCH_JOB_ARRAY_INDEX: String(job.index),
          AWS_BATCH_JOB_ARRAY_SIZE: String(job.parent.children.length),
        };
  return {
    ...environment,
    AWS_BATCH_JOB_ID: job.id,
    AWS_BATCH_JOB_ATTEMPT: String(attempt),
    AWS_BATCH_CE_NAME: `${queue.name}-compute`,
    AWS_BATCH_JQ_NAME: queue.name,
    ...child,
  };
}
