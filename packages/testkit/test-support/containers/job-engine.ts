import { createServer, type IncomingMessage, request, type ServerResponse } from "node:http";
import { join } from "node:path";
import { temporaryFolder } from "./temporary-folder.ts";

/**
 * A socket before an engine's. Containers that are made through it get what AWS Batch and ECS would give a job of a hardened definition,
 * and moto's Batch leaves out: a read-only file system, no capabilities, no new privileges, the number of the attempt and a child's index.
 */
export interface JobEngine extends AsyncDisposable {
  /** For DOCKER_HOST. */
  readonly host: string;
  /** Containers that were made, as they were asked of the engine. */
  readonly made: readonly ContainerRequest[];
}

/** What is looked at of Docker's `POST /containers/create`. */
export interface ContainerRequest {
  Image?: string;
  Cmd?: string[];
  Env?: string[];
  User?: string;
  HostConfig?: Record<string, unknown>;
}

/**
 * @param engine DOCKER_HOST of the engine, a `unix://` one
 * @param shared a folder that every container sees at the same path
 */
export async function startJobEngine(engine: string, shared: string): Promise<JobEngine> {
  const socketPath = engine.replace(/^unix:\/\//, "");
  const folder = await temporaryFolder();
  const made: ContainerRequest[] = [];
  const server = createServer((asked, answer) => {
    if (asked.method === "POST" && /\/containers\/create(?:\?|$)/.test(asked.url ?? "")) {
      void bodyOf(asked).then((body) => {
        const wanted = hardened(JSON.parse(body) as ContainerRequest, shared);
        made.push(wanted);
        pass(socketPath, asked, answer, JSON.stringify(wanted));
      });
    } else pass(socketPath, asked, answer);
  });
  const path = join(folder.path, "jobs.sock");
  await new Promise<void>((resolve) => server.listen(path, resolve));
  return {
    host: `unix://${path}`,
    made,
    async [Symbol.asyncDispose]() {
      const closed = new Promise((resolve) => server.close(resolve));
      server.closeAllConnections();
      await closed;
      await folder[Symbol.asyncDispose]();
    },
  };
}

function hardened(wanted: ContainerRequest, shared: string): ContainerRequest {
  const env = wanted.Env ?? [];
  // The job id of a child is `<parent>:<index>`.
  const index = env.map((variable) => /^AWS_BATCH_JOB_ID=.*:(\d+)$/.exec(variable)?.[1]).find(Boolean);
  const more = ["AWS_BATCH_JOB_ATTEMPT=1", ...(index === undefined ? [] : [`AWS_BATCH_JOB_ARRAY_INDEX=${index}`])];
  // podman 4 does not know the gateway that moto names as a host.
  const { ExtraHosts: _, ...host } = wanted.HostConfig ?? {};
  return {
    ...wanted,
    Env: [...env, ...more],
    HostConfig: {
      ...host,
      ReadonlyRootfs: true,
      CapDrop: ["ALL"],
      SecurityOpt: ["no-new-privileges"],
      Tmpfs: { "/tmp": "size=64m" },
      Binds: [`${shared}:${shared}`],
      PidsLimit: 200,
    },
  };
}

async function bodyOf(asked: IncomingMessage): Promise<string> {
  const pieces: Buffer[] = [];
  for await (const piece of asked) pieces.push(piece as Buffer);
  return Buffer.concat(pieces).toString();
}

function pass(socketPath: string, asked: IncomingMessage, answer: ServerResponse, body?: string): void {
  const headers = { ...asked.headers };
  if (body !== undefined) {
    delete headers["transfer-encoding"];
    headers["content-length"] = String(Buffer.byteLength(body));
  }
  const { method, url: path } = asked;
  const onward = request({ socketPath, method, path, headers }, (response) => {
    answer.writeHead(response.statusCode ?? 502, response.headers);
    response.pipe(answer);
  });
  onward.once("error", () => answer.destroy());
  answer.once("close", () => onward.destroy());
  if (body === undefined) asked.pipe(onward);
  else onward.end(body);
}
