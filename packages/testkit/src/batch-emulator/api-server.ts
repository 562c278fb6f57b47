import { randomUUID } from "node:crypto";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { ApiRefusal, clientFault } from "./api-refusal.ts";
import type { CallLog } from "./call-log.ts";
import type { CallFault, Faults } from "./faults.ts";
import { type Fields, fieldsOf } from "./fields.ts";
import type { LogStreams } from "./log-streams.ts";
import { type BatchState, OPERATIONS } from "./operations.ts";
import type { Timing } from "./timing.ts";
import type { TokenBucket } from "./token-bucket.ts";

/** What the server answers with. */
export interface ApiContext {
  readonly state: BatchState;
  readonly logs: LogStreams;
  readonly faults: Faults;
  readonly calls: CallLog;
  readonly bucket: TokenBucket;
  readonly timing: Timing;
  /** Answers what is asked below `/_emulator/`; `undefined` when there is no such thing. */
  readonly control: (path: string, body: unknown) => unknown;
}

interface Call {
  readonly operation: string;
  readonly run: (body: Buffer) => Fields;
  readonly limited: boolean;
}

const REFUSALS: Readonly<Partial<Record<CallFault, ApiRefusal>>> = {
  throttle: new ApiRefusal("TooManyRequestsException", 429, "Too Many Requests"),
  "access-denied": new ApiRefusal("AccessDeniedException", 403, "User is not authorized to perform this action"),
  "expired-token": new ApiRefusal(
    "ExpiredTokenException",
    403,
    "The security token included in the request is expired",
  ),
  "server-error": new ApiRefusal("ServerException", 500, "Internal server error"),
};

/** Speaks the HTTP of AWS Batch (REST and JSON) and of CloudWatch Logs (JSON 1.1) on one port. */
export class ApiServer implements AsyncDisposable {
  readonly endpoint: string;
  readonly #server: Server;
  readonly #context: ApiContext;
  readonly #startedMs = performance.now();

  private constructor(server: Server, context: ApiContext) {
    this.#server = server;
    this.#context = context;
    this.endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    server.on("request", (request, response) => void this.#serve(request, response));
  }

  static async start(context: ApiContext, port = 0): Promise<ApiServer> {
    const server = createServer({ keepAliveTimeout: 60_000 });
    await new Promise<void>((resolve, reject) => {
      server.once("error", reject);
      server.listen({ port, host: "127.0.0.1", backlog: 1_024 }, resolve);
    });
    return new ApiServer(server, context);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const closed = new Promise((resolve) => this.#server.close(resolve));
    this.#server.closeAllConnections();
    await closed;
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    try {
      for await (const chunk of request) chunks.push(chunk as Buffer);
    } catch {
      return;
    }
    const body = Buffer.concat(chunks);
    const path = (request.url ?? "/").replace(/\?.*$/, "").toLowerCase();
    if (path.startsWith("/_emulator/")) return this.#control(path.slice("/_emulator/".length), body, response);
    const { calls, timing } = this.#context;
    const atMs = performance.now() - this.#startedMs;
    const call = this.#callOf(request, path);
    // Half of the latency is on the way in, half on the way out.
    if (timing.latencyMs > 0) await sleep(timing.latencyMs / 2);
    const { operation } = call;
    const { fault, refusal, answer } = this.#answer(call, body, request);
    if (timing.latencyMs > 0) await sleep(timing.latencyMs / 2);
    if (fault === "lost-response" || fault === "lost-request") request.socket.destroy();
    const status = response.destroyed || fault?.startsWith("lost") ? 0 : (refusal?.status ?? 200);
    calls.add({ operation, atMs, status, code: refusal?.code });
    if (status === 0 || fault === "stall") return;
    const type = request.headers["x-amz-target"] === undefined ? "application/json" : "application/x-amz-json-1.1";
    response.writeHead(status, {
      "content-type": type,
      "x-amzn-requestid": randomUUID(),
      ...(refusal === undefined ? {} : { "x-amzn-errortype": refusal.code }),
    });
    response.end(JSON.stringify(refusal === undefined ? answer : { __type: refusal.code, message: refusal.message }));
  }

  #answer(
    call: Call,
    body: Buffer,
    request: IncomingMessage,
  ): { readonly fault?: CallFault | undefined; readonly refusal?: ApiRefusal; readonly answer?: Fields } {
    const { faults, bucket } = this.#context;
    let fault: CallFault | undefined;
    try {
      if (request.headers.authorization === undefined)
        throw new ApiRefusal("MissingAuthenticationTokenException", 403, "Missing Authentication Token");
      if (call.limited && !bucket.take()) throw REFUSALS.throttle;
      fault = faults.pickCall(call.operation);
      const refusal = fault === undefined ? undefined : REFUSALS[fault];
      if (refusal !== undefined) throw refusal;
      if (fault === "lost-request" || fault === "stall") return { fault };
      return { fault, answer: call.run(body) };
    } catch (reason) {
      if (reason instanceof ApiRefusal) return { fault, refusal: reason };
      return { fault, refusal: new ApiRefusal("ServerException", 500, `the emulator failed: ${String(reason)}`) };
    }
  }

  #callOf(request: IncomingMessage, path: string): Call {
    const { state, logs } = this.#context;
    const target = request.headers["x-amz-target"];
    if (target === "Logs_20140328.GetLogEvents")
      return { operation: "GetLogEvents", limited: false, run: (body) => logs.events(parse(body)) };
    const entry = target === undefined ? OPERATIONS[path] : undefined;
    if (request.method !== "POST" || entry === undefined || (entry.bulk === true && !state.bulk))
      return {
        operation: "Unknown",
        limited: false,
        run: () => {
          // What Batch answers to a path that it does not have.
          throw new ApiRefusal("UnknownOperationException", 404, `no operation ${String(target ?? path)}`);
        },
      };
    return {
      operation: entry.name,
      limited: true,
      run: (body) => entry.run(parse(body), body.length, state),
    };
  }

  #control(path: string, body: Buffer, response: ServerResponse): void {
    let status = 200;
    let answer: unknown;
    try {
      answer = this.#context.control(path, body.length === 0 ? undefined : JSON.parse(body.toString("utf8")));
      if (answer === undefined) status = 404;
    } catch (reason) {
      status = 400;
      answer = { error: String(reason) };
    }
    response.writeHead(status, { "content-type": "application/json" });
    response.end(JSON.stringify(answer ?? null));
  }
}

function parse(body: Buffer): Fields {
  try {
    return fieldsOf(body.length === 0 ? {} : JSON.parse(body.toString("utf8")), "request");
  } catch (reason) {
    throw reason instanceof ApiRefusal ? reason : clientFault("Unable to parse the request");
  }
}
