import { createServer } from "node:http";
import type { AddressInfo } from "node:net";

/**
 * Stands before moto's Batch and makes of it what AWS documents, in three points: jobs of a queue are listed without the children of arrays,
 * ending an array ends its children, and an array with failed children is over when all of them are.
 */
export interface BatchRepairs extends AsyncDisposable {
  readonly endpoint: string;
}

interface Job {
  jobId: string;
  status?: string;
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
      const send = async (text: string): Promise<Response> => {
        const { authorization = "", "content-type": type = "application/json" } = asked.headers;
        const headers = { authorization, "content-type": type };
        return await fetch(`${moto}${asked.url}`, { method: asked.method ?? "POST", headers, body: text });
      };
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

async function repaired(
  path: string,
  body: string,
  send: (text: string) => Promise<Response>,
  sizes: Map<string, number>,
): Promise<{ readonly status: number; readonly text: string; readonly type: string }> {
  const response = await send(body);
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
        await send(JSON.stringify({ ...asked, jobId: `${asked["jobId"]}:${child}` }));
      return { status, text, type };
    case "/v1/listjobs":
      if (asked["arrayJobId"] !== undefined) return { status, text, type };
      return as({ ...said, jobSummaryList: jobs(said["jobSummaryList"]).filter(({ jobId }) => !jobId.includes(":")) });
    case "/v1/describejobs":
      return as({ ...said, jobs: jobs(said["jobs"]).map(withEnd) });
    default:
      return { status, text, type };
  }
}

function withEnd(job: Job): Job {
  const { size, statusSummary: counts = {} } = job.arrayProperties ?? {};
  const { FAILED = 0, SUCCEEDED = 0 } = counts;
  return size !== undefined && FAILED > 0 && FAILED + SUCCEEDED >= size ? { ...job, status: "FAILED" } : job;
}

function parsed(text: string): Record<string, unknown> {
  return text === "" ? {} : (JSON.parse(text) as Record<string, unknown>);
}

const jobs = (value: unknown): readonly Job[] => (Array.isArray(value) ? (value as Job[]) : []);
