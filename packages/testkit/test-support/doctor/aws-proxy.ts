import { createServer, type IncomingHttpHeaders, request, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

/** An answer on its way back. */
export interface ProxiedAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** A request on its way to the service. */
export interface ProxiedCall {
  /** `batch:describejobqueues`, `iam:GetRole`, `ecr:BatchGetImage`; of S3 the method and what of the bucket or object: `s3:GET:lifecycle`, `s3:PUT:object`. */
  readonly name: string;
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

type Rule = (call: ProxiedCall, forward: () => Promise<ProxiedAnswer>) => Promise<ProxiedAnswer> | ProxiedAnswer;

/**
 * Stands between a program and an emulator of AWS, and changes single answers: what the emulator has no words for, and what would take long to break and mend
 * there.
 */
export class AwsProxy implements AsyncDisposable {
  readonly #target: URL;
  readonly #server: Server;
  readonly #lasting = new Map<string, Rule>();
  readonly #rules = new Map<string, Rule>();
  /** Milliseconds by which the service's clock differs, as its answers tell. */
  skewMs = 0;

  private constructor(target: string) {
    this.#target = new URL(target);
    this.#server = createServer((incoming, outgoing) => {
      const pieces: Buffer[] = [];
      incoming.on("data", (piece: Buffer) => pieces.push(piece));
      incoming.on("end", () => {
        const body = Buffer.concat(pieces);
        const { method = "GET", url = "/", headers } = incoming;
        void this.#answer(method, url, headers, body, outgoing).catch((reason) => outgoing.destroy(reason));
      });
    });
  }

  static async start(target: string): Promise<AwsProxy> {
    const proxy = new AwsProxy(target);
    await new Promise<void>((resolve) => proxy.#server.listen(0, "127.0.0.1", resolve));
    return proxy;
  }

  get endpoint(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** Answers calls of a name from now on, also after {@link clear}. */
  always(name: string, rule: Rule): void {
    this.#lasting.set(name, rule);
  }

  /** Answers calls of a name until {@link clear}. */
  rule(name: string, rule: Rule): void {
    this.#rules.set(name, rule);
  }

  /** Refuses calls of a name as AWS does whom it does not allow something. */
  deny(name: string): void {
    this.rule(name, (call) => denial(call));
  }

  /** Changes the JSON that a call is answered with. */
  edit(name: string, change: (answer: never) => unknown): void {
    this.rule(name, async (_call, forward) => {
      const answer = await forward();
      return { ...answer, body: JSON.stringify(change(JSON.parse(answer.body) as never)) };
    });
  }

  clear(): void {
    this.#rules.clear();
    this.skewMs = 0;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const closed = new Promise((resolve) => this.#server.close(resolve));
    this.#server.closeAllConnections();
    await closed;
  }

  async #answer(
    method: string,
    path: string,
    headers: IncomingHttpHeaders,
    body: Buffer,
    outgoing: ServerResponse,
  ): Promise<void> {
    const call: ProxiedCall = { name: nameOf(method, path, headers, body), path, headers, body: body.toString() };
    const rule = this.#rules.get(call.name) ?? this.#lasting.get(call.name);
    const date = { date: new Date(Date.now() + this.skewMs).toUTCString() };
    if (rule === undefined) {
      const raw = await this.#forward(method, path, headers, body);
      outgoing.writeHead(raw.status, { ...raw.headers, ...date });
      outgoing.end(raw.body);
      return;
    }
    const forward = async (): Promise<ProxiedAnswer> => {
      const raw = await this.#forward(method, path, headers, body);
      return { ...raw, body: raw.body.toString() };
    };
    const answer = await rule(call, forward);
    const { "content-length": _length, ...rest } = answer.headers;
    outgoing.writeHead(answer.status, { ...rest, ...date });
    outgoing.end(method === "HEAD" ? undefined : answer.body);
  }

  async #forward(method: string, path: string, headers: IncomingHttpHeaders, body: Buffer) {
    const { hostname, port } = this.#target;
    return await new Promise<{ status: number; headers: Record<string, string>; body: Buffer }>((resolve, reject) => {
      const sent = request({ hostname, port, method, path, headers }, (answer) => {
        const pieces: Buffer[] = [];
        answer.on("data", (piece: Buffer) => pieces.push(piece));
        answer.on("end", () => {
          const { connection: _c, "keep-alive": _k, "transfer-encoding": _t, ...kept } = answer.headers;
          const plain = Object.fromEntries(Object.entries(kept).map(([key, value]) => [key, String(value)]));
          resolve({ status: answer.statusCode ?? 0, headers: plain, body: Buffer.concat(pieces) });
        });
      });
      sent.on("error", reject);
      sent.end(body);
    });
  }
}

function nameOf(method: string, path: string, headers: IncomingHttpHeaders, body: Buffer): string {
  const service = /Credential=[^/]+\/\d+\/[a-z0-9-]+\/([a-z0-9-]+)\//.exec(headers.authorization ?? "")?.[1] ?? "none";
  const target = headers["x-amz-target"];
  if (typeof target === "string") return `${service}:${target.split(".").at(-1)}`;
  if (service !== "s3") {
    const action = /(?:^|&)Action=([A-Za-z]+)/.exec(body.toString("utf8", 0, 2_000))?.[1];
    return `${service}:${action ?? path.split("?")[0]?.split("/").at(-1)}`;
  }
  const url = new URL(path, "http://s3");
  const [, , ...key] = url.pathname.split("/");
  const known = ["lifecycle", "policy", "encryption", "publicAccessBlock", "delete", "list-type"];
  const of = known.find((name) => url.searchParams.has(name)) ?? (key.join("/") === "" ? "bucket" : "object");
  return `s3:${method}:${of}`;
}

const text = "User: arn:aws:iam::123456789012:user/tester is not authorized to perform this";

function denial({ name }: ProxiedCall): ProxiedAnswer {
  const [service = ""] = name.split(":");
  if (["batch", "ecr", "logs", "servicequotas"].includes(service)) {
    const headers = { "content-type": "application/json", "x-amzn-errortype": "AccessDeniedException" };
    return { status: 403, headers, body: JSON.stringify({ __type: "AccessDeniedException", message: text }) };
  }
  const headers = { "content-type": "application/xml" };
  if (service === "ec2") {
    const error = `<Error><Code>UnauthorizedOperation</Code><Message>${text}</Message></Error>`;
    return { status: 403, headers, body: `<Response><Errors>${error}</Errors><RequestID>1</RequestID></Response>` };
  }
  const error = `<Error><Code>AccessDenied</Code><Message>${text}</Message></Error>`;
  return { status: 403, headers, body: service === "s3" ? error : `<ErrorResponse>${error}</ErrorResponse>` };
}
