import { batchArn, nameOf } from "./account.ts";
import { clientFault } from "./api-refusal.ts";
import type { Cluster } from "./cluster.ts";
import { type Definitions, definitionView } from "./definitions.ts";
import { type Fields, requiredText, textOf, textsOf } from "./fields.ts";
import { newArray, newUnit } from "./job.ts";
import type { JobTable } from "./job-table.ts";
import { detailOf } from "./job-views.ts";
import { LIMITS } from "./limits.ts";
import { listJobs } from "./list-jobs.ts";
import type { OverrideRule } from "./override-size.ts";
import { environmentView, type Queues, queueView } from "./queues.ts";
import { readSubmit } from "./submit.ts";

/** What the calls of the API work on. */
export interface BatchState {
  readonly queues: Queues;
  readonly definitions: Definitions;
  readonly jobs: JobTable;
  readonly cluster: Cluster;
  readonly overrideRule: OverrideRule;
  /** False for a service that has no TerminateJobs and CancelJobs yet. */
  readonly bulk: boolean;
  readonly newId: () => string;
}

type Operation = (request: Fields, bytes: number, state: BatchState) => Fields;

function reasonOf(request: Fields): string {
  const reason = requiredText(request, "reason");
  if (reason.length > LIMITS.reasonChars.value)
    throw clientFault(`reason must be at most ${LIMITS.reasonChars.value} characters`);
  return reason;
}

const endOne =
  (how: "terminate" | "cancel"): Operation =>
  (request, _, { jobs, cluster }) => {
    const id = requiredText(request, "jobId");
    const reason = reasonOf(request);
    const job = jobs.find(id);
    // Batch says nothing of ids that it does not know.
    if (job !== undefined) cluster.end(job, reason, how);
    return {};
  };

const endMany =
  (how: "terminate" | "cancel"): Operation =>
  (request, _, { jobs, cluster }) => {
    const ids = textsOf(request, "jobs") ?? [];
    const reason = reasonOf(request);
    if (ids.length === 0 || ids.length > LIMITS.bulkIds.value)
      throw clientFault(`Number of jobs must be between 1 and ${LIMITS.bulkIds.value}`);
    const errors: Fields[] = [];
    const successful: string[] = [];
    for (const id of ids) {
      if (!/^[A-Za-z0-9:/_-]+$/.test(id))
        errors.push({ job: id, code: "ValidationException", message: "The job identifier is malformed." });
      else {
        const job = jobs.find(id);
        if (job !== undefined) cluster.end(job, reason, how);
        successful.push(id);
      }
    }
    return { successful, errors };
  };

/** Every call that the emulator answers, by the path that it is sent to. */
export const OPERATIONS: Readonly<
  Record<string, { readonly name: string; readonly run: Operation; readonly bulk?: true }>
> = {
  "/v1/submitjob": {
    name: "SubmitJob",
    run: (request, bytes, state) => {
      const { spec, size } = readSubmit(request, bytes, state);
      const id = state.newId();
      const job = size === undefined ? newUnit(id, spec) : newArray(id, spec, size);
      state.jobs.add(job);
      state.cluster.submit(job);
      return { jobArn: batchArn("job", id), jobName: spec.name, jobId: id };
    },
  },
  "/v1/describejobs": {
    name: "DescribeJobs",
    run: (request, _, { jobs }) => {
      const ids = textsOf(request, "jobs") ?? [];
      if (ids.length > LIMITS.describeJobs.value)
        throw clientFault(`Maximum number of jobs supported is ${LIMITS.describeJobs.value}`);
      const found = ids.map((id) => jobs.findVisible(id)).filter((job) => job !== undefined);
      return { jobs: found.map(detailOf) };
    },
  },
  "/v1/listjobs": { name: "ListJobs", run: (request, _, { jobs, queues }) => listJobs(request, jobs, queues) },
  "/v1/terminatejob": { name: "TerminateJob", run: endOne("terminate") },
  "/v1/canceljob": { name: "CancelJob", run: endOne("cancel") },
  "/v1/terminatejobs": { name: "TerminateJobs", run: endMany("terminate"), bulk: true },
  "/v1/canceljobs": { name: "CancelJobs", run: endMany("cancel"), bulk: true },
  "/v1/describejobqueues": {
    name: "DescribeJobQueues",
    run: (request, _, { queues }) => {
      const names = textsOf(request, "jobQueues") ?? [];
      const all = names.length === 0 ? queues.all : names.map((name) => queues.find(name));
      return { jobQueues: all.filter((queue) => queue !== undefined).map(queueView) };
    },
  },
  "/v1/describecomputeenvironments": {
    name: "DescribeComputeEnvironments",
    run: (request, _, { queues }) => {
      const names = textsOf(request, "computeEnvironments")?.map(nameOf);
      const all = queues.all.map(environmentView);
      const asked = (view: Fields): boolean => names?.includes(String(view["computeEnvironmentName"])) ?? true;
      return { computeEnvironments: names?.length === 0 ? all : all.filter(asked) };
    },
  },
  "/v1/describejobdefinitions": {
    name: "DescribeJobDefinitions",
    run: (request, _, { definitions }) => {
      const ids = textsOf(request, "jobDefinitions");
      const found =
        ids === undefined
          ? definitions.all(textOf(request, "jobDefinitionName"))
          : ids.map((id) => definitions.find(id)).filter((definition) => definition !== undefined);
      return { jobDefinitions: found.map(definitionView) };
    },
  },
  "/v1/registerjobdefinition": {
    name: "RegisterJobDefinition",
    run: (request, bytes, { definitions }) => {
      const { name, arn, revision } = definitions.register(request, bytes);
      return { jobDefinitionName: name, jobDefinitionArn: arn, revision };
    },
  },
  "/v1/getjobqueuesnapshot": {
    name: "GetJobQueueSnapshot",
    run: (request, _, { queues }) => {
      const name = requiredText(request, "jobQueue");
      const queue = queues.find(name);
      if (queue === undefined) throw clientFault(`JobQueue ${name} not found.`);
      const now = Date.now();
      const jobs = queue.waiting().slice(0, 100);
      return {
        frontOfQueue: {
          jobs: jobs.map(({ id }) => ({ jobArn: batchArn("job", id), earliestTimeAtPosition: now })),
          lastUpdatedAt: now,
        },
      };
    },
  },
};
