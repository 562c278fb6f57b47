import { once } from "node:events";
import { createServer, type IncomingMessage, request, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

/** Stands before a server of the AWS API: writes down every call, and denies some or holds them. */
export class AwsProxy implements AsyncDisposable {
  /** Such as `cloudformation:CreateChangeSet`, `s3:GET`, `batch:describejobqueues`, in order. */
  readonly calls: string[] = [];
  /** Calls that are answered with AccessDenied. */
  readonly denied = new Set<string>();
  /** Runs before a call is passed on. */
  before: (call: string) => void | Promise<void> = () => undefined;
  /** Changes what is passed on. */
  rewrite: (call: string, body: Buffer) => Buffer = (_call, body) => body;
  readonly endpoint: string;
  readonly #server: Server;

  private constructor(server: Server) {
    this.#server = server;
    this.endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  }

  static async start(target: string): Promise<AwsProxy> {
    const server = createServer().listen(0, "127.0.0.1");
    await once(server, "listening");
    const proxy = new AwsProxy(server);
    server.on("request", (incoming: IncomingMessage, outgoing: ServerResponse) => {
      proxy.#pass(new URL(target), incoming, outgoing).catch(() => outgoing.destroy());
    });
    return proxy;
  }

  /** The calls that may change something. */
  get mutations(): readonly string[] {
    return this.calls.filter(
      (call) => !/^(?:s3:(?:GET|HEAD)|[a-z0-9]+:(?:Describe|List|Get|describe|list|get)[A-Za-z]*)$/.test(call),
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    this.#server.close();
  }

  async #pass(target: URL, incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
    const body = Buffer.concat(await incoming.toArray());
    const call = callOf(incoming, body);
    this.calls.push(call);
    await this.before(call);
    if (this.denied.has(call)) {
      const said = `User: arn:aws:iam::123456789012:user/somebody is not authorized to perform: ${call}`;
      outgoing.writeHead(403, { "content-type": "text/xml" });
      outgoing.end(`<ErrorResponse><Error><Code>AccessDenied</Code><Message>${said}</Message></Error></ErrorResponse>`);
      return;
    }
    const { method, headers, url = "/" } = incoming;
    const sent = this.rewrite(call, body);
    const own = sent === body ? headers : { ...headers, "content-length": String(sent.length) };
    const passed = request({ host: target.hostname, port: target.port, path: url, method, headers: own });
    passed.on("error", () => outgoing.destroy());
    passed.on("response", (answer) => {
      outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(outgoing);
    });
    passed.end(sent);
  }
}

/** Service by the signature, action by whatever way the service has. */
function callOf({ headers, method = "", url = "/" }: IncomingMessage, body: Buffer): string {
  const [, service = "?"] = /Credential=[^/]+\/\d+\/[^/]*\/([^/]+)\//.exec(headers.authorization ?? "") ?? [];
  const [, action] = /(?:^|&)Action=([A-Za-z]+)/.exec(body.toString("latin1", 0, 4_096)) ?? [];
  const [, target] = /\.([A-Za-z]+)$/.exec(String(headers["x-amz-target"] ?? "")) ?? [];
  const [, path] = /^\/v1\/([a-z]+)/.exec(url) ?? [];
  if (service === "s3") return `s3:${method === "POST" && url.includes("?delete") ? "DeleteObjects" : method}`;
  return `${service}:${action ?? target ?? path ?? method}`;
}
