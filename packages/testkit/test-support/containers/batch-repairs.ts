import { createServer } from "node:http";
import type { AddressInfo } from "node:net";

/**
 * Stands before moto's Batch and makes of it what AWS documents: jobs of a queue are listed without the children of arrays, ending an array
 * ends its children, an array is over when all of its children are, also where some failed, and an attempt counts once it has ended.
 */
export interface BatchRepairs extends AsyncDisposable {
  readonly endpoint: string;
}

interface Job {
  jobId: string;
  status?: string;
  attempts?: readonly unknown[];
  arrayProperties?: { size?: number; statusSummary?: Record<string, number> };
}

/** @param moto endpoint of the server */
export async function startBatchRepairs(moto: string): Promise<BatchRepairs> {
  /** Children of arrays, by the array's id. */
  const sizes = new Map<string, number>();
  const server = createServer((asked, answer) => {
    const pieces: Buffer[] = [];
    asked.on("data", (piece: Buffer) => pieces.push(piece));
    asked.on("end", () => {
      const body = Buffer.concat(pieces).toString();
      const { authorization = "", "content-type": type = "application/json" } = asked.headers;
      const headers = { authorization, "content-type": type };
      const send: Send = (path, text) => fetch(`${moto}${path}`, { method: "POST", headers, body: text });
      repaired(asked.url ?? "", body, send, sizes).then(
        ({ status, text, type }) => answer.writeHead(status, { "content-type": type }).end(text),
        () => answer.destroy(),
      );
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async [Symbol.asyncDispose]() {
      const closed = new Promise((resolve) => server.close(resolve));
      server.closeAllConnections();
      await closed;
    },
  };
}

type Send = (path: string, text: string) => Promise<Response>;

async function repaired(
  path: string,
  body: string,
  send: Send,
  sizes: Map<string, number>,
): Promise<{ readonly status: number; readonly text: string; readonly type: string }> {
  const response = await send(path, body);
  const { status } = response;
  const type = response.headers.get("content-type") ?? "application/json";
  const text = await response.text();
  if (!response.ok) return { status, text, type };
  const asked = parsed(body);
  const said = parsed(text);
  const as = (value: unknown) => ({ status, text: JSON.stringify(value), type });
  switch (path) {
    case "/v1/submitjob": {
      const { size } = (asked["arrayProperties"] ?? {}) as { size?: number };
      if (size !== undefined) sizes.set(String(said["jobId"]), size);
      return { status, text, type };
    }
    case "/v1/terminatejob":
      for (let child = 0; child < (sizes.get(String(asked["jobId"])) ?? 0); child++)
        await send(path, JSON.stringify({ ...asked, jobId: `${asked["jobId"]}:${child}` }));
      return { status, text, type };
    case "/v1/listjobs": {
      if (asked["arrayJobId"] !== undefined) return { status, text, type };
      const all = jobs(said["jobSummaryList"]).filter(({ jobId }) => !jobId.includes(":"));
      const ended = await endsOf(all, send, sizes);
      const listed = all.map((job) => ({ ...job, status: ended.get(job.jobId) ?? job.status }));
      const { jobStatus } = asked;
      return as({ ...said, jobSummaryList: listed.filter((job) => !jobStatus || job.status === jobStatus) });
    }
    case "/v1/describejobs":
      return as({ ...said, jobs: jobs(said["jobs"]).map(described) });
    default:
      return { status, text, type };
  }
}

/** Which of the arrays among these are over, and how: moto's listing does not know it. */
async function endsOf(
  all: readonly Job[],
  send: Send,
  sizes: ReadonlyMap<string, number>,
): Promise<ReadonlyMap<string, string>> {
  const ends = new Map<string, string>();
  const arrays = all.map(({ jobId }) => jobId).filter((id) => sizes.has(id));
  for (let at = 0; at < arrays.length; at += 100) {
    const answer = await send("/v1/describejobs", JSON.stringify({ jobs: arrays.slice(at, at + 100) }));
    for (const job of jobs(parsed(await answer.text())["jobs"]).map(described)) {
      if (job.status === "SUCCEEDED" || job.status === "FAILED") ends.set(job.jobId, job.status);
    }
  }
  return ends;
}

function described(job: Job): Job {
  const { size, statusSummary: counts = {} } = job.arrayProperties ?? {};
  const { FAILED = 0, SUCCEEDED = 0 } = counts;
  if (size !== undefined && FAILED > 0 && FAILED + SUCCEEDED >= size) return { ...job, status: "FAILED" };
  const over = job.status === "SUCCEEDED" || job.status === "FAILED";
  return over ? job : { ...job, attempts: [] };
}

function parsed(text: string): Record<string, unknown> {
  return text === "" ? {} : (JSON.parse(text) as Record<string, unknown>);
}

const jobs = (value: unknown): readonly Job[] => (Array.isArray(value) ? (value as Job[]) : []);
