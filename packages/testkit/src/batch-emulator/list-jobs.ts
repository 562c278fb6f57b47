import { clientFault } from "./api-refusal.ts";
import { type Fields, fieldsOf, integerOf, listOf, requiredText, textOf, textsOf } from "./fields.ts";
import { isArray, type JobStatus, STATUSES, type TopJob } from "./job.ts";
import type { JobTable } from "./job-table.ts";
import { summaryOf } from "./job-views.ts";
import { LIMITS } from "./limits.ts";
import type { Queues } from "./queues.ts";

const FILTERS = ["JOB_NAME", "JOB_DEFINITION", "BEFORE_CREATED_AT", "AFTER_CREATED_AT", "SHARE_IDENTIFIER"];

/** ListJobs: of one queue or of one array, by status or by one filter. @throws {ApiRefusal} `ClientException` */
export function listJobs(request: Fields, jobs: JobTable, queues: Queues): Fields {
  const queueName = textOf(request, "jobQueue");
  const arrayId = textOf(request, "arrayJobId");
  const chosen = [queueName, arrayId, textOf(request, "multiNodeJobId")].filter((name) => name !== undefined);
  if (chosen.length !== 1) throw clientFault("Exactly one of jobQueue, arrayJobId, multiNodeJobId must be specified");
  const asked = textOf(request, "jobStatus");
  if (asked !== undefined && !STATUSES.some((status) => status === asked))
    throw clientFault(`jobStatus ${asked} is not valid`);
  const status = (asked ?? "RUNNING") as JobStatus;
  const filter = readFilter(request);
  const most = filter === undefined ? LIMITS.listPage.value : LIMITS.listFilteredPage.value;
  const size = integerOf(request, "maxResults");
  if (size !== undefined && size < 1) throw clientFault("maxResults must be at least 1");
  const all = arrayId === undefined ? ofQueue(queueName ?? "", jobs, queues) : childrenOf(arrayId, jobs);
  // A filter does not look at children; the status then counts for nothing either.
  const found =
    filter === undefined
      ? all.filter((job) => job.status === status)
      : arrayId === undefined
        ? all.filter(filter).toReversed()
        : [];
  return page(found, Math.min(size ?? most, most), textOf(request, "nextToken"));
}

function ofQueue(name: string, jobs: JobTable, queues: Queues): readonly TopJob[] {
  const queue = queues.find(name);
  if (queue === undefined) throw clientFault(`JobQueue ${name} not found.`);
  return jobs.visible().filter((job) => job.spec.queue === queue);
}

function childrenOf(id: string, jobs: JobTable): readonly TopJob[] {
  const job = jobs.findVisible(id);
  return job !== undefined && isArray(job) ? job.children : [];
}

function readFilter(request: Fields): ((job: TopJob) => boolean) | undefined {
  const filters = listOf(request, "filters") ?? [];
  if (filters.length === 0) return undefined;
  if (filters.length > 1) throw clientFault("Only one filter can be used at a time");
  const filter = fieldsOf(filters[0], "filters");
  const name = requiredText(filter, "name");
  const [value = "", ...rest] = textsOf(filter, "values") ?? [];
  if (!FILTERS.includes(name)) throw clientFault(`Filter ${name} is not valid`);
  if (value === "" || rest.length > 0) throw clientFault("A filter needs exactly one value");
  switch (name) {
    case "JOB_NAME":
      return (job) => glob(value.toLowerCase(), job.spec.name.toLowerCase());
    case "JOB_DEFINITION":
      return ({ spec: { definition } }) =>
        value.startsWith("arn:") ? value === definition.arn : glob(value, definition.name);
    case "BEFORE_CREATED_AT":
      return (job) => job.spec.createdAt < Number(value);
    case "AFTER_CREATED_AT":
      return (job) => job.spec.createdAt > Number(value);
    default:
      return () => false;
  }
}

function glob(pattern: string, text: string): boolean {
  return pattern.endsWith("*") ? text.startsWith(pattern.slice(0, -1)) : text === pattern;
}

/** A token names the last job of a page: jobs that change in between neither shift a page nor show twice in it. */
function page(found: readonly TopJob[], size: number, token: string | undefined): Fields {
  let start = 0;
  if (token !== undefined) {
    const [id = "", at = ""] = Buffer.from(token, "base64url").toString().split(" ");
    if (!/^\d+$/.test(at)) throw clientFault("nextToken is not valid");
    const last = found.findIndex((job) => job.id === id);
    start = last >= 0 ? last + 1 : startAfter(found, id, Number(at));
  }
  const shown = found.slice(start, start + size);
  const last = shown.at(-1);
  const more = last !== undefined && start + size < found.length;
  return {
    jobSummaryList: shown.map(summaryOf),
    ...(more ? { nextToken: Buffer.from(`${last.id} ${start + size}`).toString("base64url") } : {}),
  };
}

/** Children are in the order of their index; of other jobs whose last one is gone, the count of those shown is as good. */
function startAfter(found: readonly TopJob[], id: string, shown: number): number {
  const index = id.split(":")[1];
  if (index === undefined) return Math.min(shown, found.length);
  const next = found.findIndex((job) => !isArray(job) && (job.index ?? 0) > Number(index));
  return next < 0 ? found.length : next;
}
