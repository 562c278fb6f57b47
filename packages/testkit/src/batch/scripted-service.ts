import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";

/** Answers one call: a body, or a status with the name of an error. */
export type Answer =
  | Readonly<Record<string, unknown>>
  | { readonly status: number; readonly error: string; readonly message?: string; readonly date?: string };

/** AWS Batch as a script: for what the emulator is too honest to do. */
export class ScriptedService implements AsyncDisposable {
  readonly env: Readonly<Record<string, string>>;
  /** Operations in the order in which they were called. */
  readonly called: string[] = [];
  readonly #close: () => Promise<void>;

  private constructor(endpoint: string, close: () => Promise<void>) {
    this.env = {
      AWS_ENDPOINT_URL_BATCH: endpoint,
      AWS_ENDPOINT_URL_CLOUDWATCH_LOGS: endpoint,
      AWS_ACCESS_KEY_ID: "AKIASCRIPTEDMANAGER0",
      AWS_SECRET_ACCESS_KEY: "scripted",
      AWS_REGION: "us-east-1",
      AWS_EC2_METADATA_DISABLED: "true",
    };
    this.#close = close;
  }

  /** @param script by operation in lower case, as in the path: `submitjob` */
  static async start(
    script: Readonly<Record<string, (body: Readonly<Record<string, unknown>>) => Answer>>,
  ): Promise<ScriptedService> {
    const server = createServer(async (request, response) => {
      const operation = (request.url ?? "").replace("/v1/", "").toLowerCase();
      const body = await bodyOf(request);
      service.called.push(operation);
      const answer = script[operation]?.(body) ?? { status: 404, error: "UnknownOperationException" };
      const failed = typeof answer["error"] === "string" && typeof answer["status"] === "number";
      response.writeHead(failed ? Number(answer["status"]) : 200, {
        "content-type": "application/json",
        ...(failed && { "x-amzn-errortype": String(answer["error"]) }),
        ...(failed && answer["date"] !== undefined && { date: String(answer["date"]) }),
      });
      response.end(JSON.stringify(failed ? { message: answer["message"] ?? answer["error"] } : answer));
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const { port } = server.address() as AddressInfo;
    const service = new ScriptedService(`http://127.0.0.1:${port}`, async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    });
    Object.assign(process.env, service.env);
    return service;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#close();
  }
}

async function bodyOf(request: IncomingMessage): Promise<Readonly<Record<string, unknown>>> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return chunks.length === 0 ? {} : JSON.parse(Buffer.concat(chunks).toString("utf8"));
}
