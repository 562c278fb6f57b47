import { readFileSync } from "node:fs";
import type Http from "node:http";
import type { Agent, IncomingHttpHeaders, IncomingMessage, RequestOptions } from "node:http";
import type { Socket } from "node:net";
import { RunnerError } from "../runner-error.ts";

/** Silence after which a request is given up, in milliseconds. */
const CONNECT_MS = 5_000;
const IDLE_MS = 20_000;
/** Servers close idle connections: S3 after a few seconds. */
const KEPT_MS = 4_000;
const ADDRESS = /^(https?):\/\/(\[[0-9A-Fa-f:.%]+\]|[A-Za-z0-9._-]+)(?::([0-9]{1,5}))?(\/[^\s?#]*)?$/;

/** A request got no answer that can be read: another try may. */
export class Unanswered extends Error {
  override readonly name = "Unanswered";
}

/** What a server answered. */
export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
  /** Why the body ended before its announced length. */
  readonly short: string | undefined;
}

/** One request. */
export interface Call {
  readonly method: string;
  /** Path and query, as they are sent. */
  readonly target: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly pieces?: readonly Uint8Array[];
  /** Most bytes of a good answer's body. */
  readonly most: number;
}

/** HTTP/1.1 to one host, over connections that are kept for a moment. */
export class HttpClient {
  readonly secure: boolean;
  /** Host and port, as the header says them. */
  readonly host: string;
  /** Path before every target, without a slash at its end. */
  readonly path: string;
  readonly #options: RequestOptions;
  #agent: Agent | undefined;

  /** @throws {RunnerError} `store` when this is no address */
  constructor(url: string) {
    const match = ADDRESS.exec(url);
    if (match === null) throw new RunnerError("store", `not an HTTP address: ${JSON.stringify(url)}`);
    const [, scheme, host = "", port, path = ""] = match;
    this.secure = scheme === "https";
    this.host = port === undefined ? host : `${host}:${port}`;
    this.path = path.replace(/\/+$/, "");
    this.#options = { host: host.replace(/^\[|\]$/g, ""), port: Number(port ?? (this.secure ? 443 : 80)) };
  }

  /** @throws {Unanswered}; {RunnerError} `store` for a certificate that is not trusted, `corrupt` for a body that is too long */
  async request(call: Call): Promise<Answer> {
    const http = this.#modules();
    const { method, target, headers, pieces = [], most } = call;
    const agent = this.#agent ?? this.#makeAgent();
    return await new Promise<Answer>((resolve, reject) => {
      const fail = (reason: Error): void => reject(this.#translate(reason));
      const options: RequestOptions = { ...this.#options, agent, method, path: target, headers };
      const request = http.request(options, (response) => {
        clearTimeout(connecting);
        readBody(response, most, this.host).then(resolve, fail);
      });
      const connecting = setTimeout(
        () => request.destroy(new Error(`no connection in ${CONNECT_MS / 1_000} s`)),
        CONNECT_MS,
      );
      request.once("socket", (socket) => {
        if (socket.connecting) socket.once(this.secure ? "secureConnect" : "connect", () => clearTimeout(connecting));
        else clearTimeout(connecting);
      });
      request.setTimeout(IDLE_MS, () => request.destroy(new Error("time-out")));
      request.once("error", fail);
      request.once("close", () => clearTimeout(connecting));
      for (const piece of pieces) request.write(piece);
      request.end();
    });
  }

  /** Loads what requests need, and connects: while others work. Whether that succeeds is seen by the first request. */
  prepare(): void {
    const { isIP, Socket } = process.getBuiltinModule("node:net");
    const agent = this.#makeAgent();
    const connect = agent.createConnection.bind(agent);
    const { host = "" } = this.#options;
    const named = this.secure && isIP(String(host)) === 0 && { servername: host };
    const socket = connect({ ...this.#options, ...this.#trust(), ...named });
    if (!(socket instanceof Socket)) return;
    socket.setNoDelay(true);
    socket.on("error", () => undefined);
    const untilMs = performance.now() + KEPT_MS;
    let early: Socket | undefined = socket;
    agent.createConnection = (options, callback) => {
      const found = early;
      early = undefined;
      if (found?.writable === true && performance.now() < untilMs) return found;
      found?.destroy();
      return connect(options, callback);
    };
  }

  /** Not loaded before they are needed: a runner on this machine never does. By `import` they would bring the loader of modules with them. */
  #modules(): Pick<typeof Http, "Agent" | "request"> {
    return process.getBuiltinModule(this.secure ? "node:https" : "node:http");
  }

  #makeAgent(): Agent {
    const { Agent } = this.#modules();
    this.#agent = new Agent({ keepAlive: true, maxSockets: 4, timeout: KEPT_MS, ...this.#trust() });
    return this.#agent;
  }

  #trust(): { readonly ca?: string } {
    const bundle = process.env.AWS_CA_BUNDLE;
    if (!this.secure || !bundle) return {};
    try {
      return { ca: readFileSync(bundle, "utf8") };
    } catch (cause) {
      throw new RunnerError("store", `cannot read the certificates in AWS_CA_BUNDLE=${bundle}`, { cause });
    }
  }

  #translate(reason: Error): Error {
    if (reason instanceof RunnerError) return reason;
    const code = "code" in reason ? String(reason.code) : "";
    if (/CERT|SELF_SIGNED|UNABLE_TO_|ERR_TLS/.test(code)) {
      const text = `the certificate of ${this.host} is not trusted: ${reason.message}; AWS_CA_BUNDLE names other authorities`;
      return new RunnerError("store", text, { cause: reason });
    }
    return new Unanswered(`${this.host}: ${code || reason.message}`, { cause: reason });
  }
}

async function readBody(response: IncomingMessage, most: number, host: string): Promise<Answer> {
  const { statusCode: status = 0, headers } = response;
  const limit = status >= 300 ? 1 << 20 : most;
  const announced = headers["content-length"] === undefined ? undefined : Number(headers["content-length"]);
  if (announced !== undefined && announced > limit) {
    response.destroy();
    throw new RunnerError("corrupt", `${host} announces ${announced} bytes where at most ${limit} can be right`);
  }
  const parts: Buffer[] = [];
  let size = 0;
  let short: string | undefined;
  try {
    for await (const part of response as AsyncIterable<Buffer>) {
      size += part.length;
      if (size > limit)
        throw new RunnerError("corrupt", `${host} sends more than the ${limit} bytes that can be right`);
      parts.push(part);
    }
  } catch (reason) {
    if (reason instanceof RunnerError) throw reason;
    short = `the body ended after ${size}${announced === undefined ? "" : ` of ${announced}`} bytes`;
  }
  return { status, headers, body: parts.length === 1 && parts[0] ? parts[0] : Buffer.concat(parts, size), short };
}
