import { readFileSync } from "node:fs";
import { RunnerError } from "../runner-error.ts";
import { HttpClient } from "./http-client.ts";
import { InstanceRole } from "./instance-role.ts";
import { type LentKeys, readKeys } from "./lent-keys.ts";
import { pause } from "./pause.ts";
import type { AccessKeys } from "./sign.ts";

const EARLY_MS = 600_000;
const ASK_AGAIN_MS = 30_000;
const TRIES = 5;
const CONTAINER = "http://169.254.170.2";
/** Hosts that credentials are asked of without TLS: this machine and its container service. */
const LOCAL = /^(?:169\.254\.170\.2|169\.254\.170\.23|\[fd00:ec2::23\]|localhost|\[::1\]|127\.[0-9.]+)(?::[0-9]+)?$/;

/** Access keys from, in this order, the environment, the container's endpoint, the instance's role. Those that expire are renewed in time. */
export class Credentials {
  readonly #environment: NodeJS.ProcessEnv;
  readonly #now: () => number;
  #lent: LentKeys | undefined;
  #loading: Promise<LentKeys> | undefined;
  #asked = Number.NEGATIVE_INFINITY;

  /** @param now milliseconds since the epoch: services judge by the time of day */
  constructor(environment: NodeJS.ProcessEnv = process.env, now: () => number = Date.now) {
    this.#environment = environment;
    this.#now = now;
  }

  /** @throws {RunnerError} `store` when there are none */
  async keys(): Promise<AccessKeys> {
    const now = this.#now();
    const lent = this.#lent;
    const expired = lent?.expires !== undefined && now > lent.expires;
    const late = lent?.expires !== undefined && now > lent.expires - EARLY_MS;
    if (lent !== undefined && !expired && !(late && now > this.#asked + ASK_AGAIN_MS)) return lent.keys;
    this.#asked = now;
    try {
      this.#loading ??= this.#load();
      this.#lent = await this.#loading;
    } catch (reason) {
      // Still good; asked again with a later request.
      if (lent === undefined || expired) throw reason;
    } finally {
      this.#loading = undefined;
    }
    return (this.#lent ?? (await this.#load())).keys;
  }

  /** The service took the keys for expired. True when others can be had. */
  reject(): boolean {
    if (this.#lent?.expires === undefined) return false;
    this.#lent = undefined;
    return true;
  }

  async #load(): Promise<LentKeys> {
    const environment = this.#environment;
    const { AWS_ACCESS_KEY_ID: accessKeyId, AWS_SECRET_ACCESS_KEY: secretAccessKey } = environment;
    if (accessKeyId && secretAccessKey) {
      const keys = { accessKeyId, secretAccessKey, sessionToken: environment.AWS_SESSION_TOKEN || undefined };
      return { keys, expires: undefined };
    }
    const { AWS_CONTAINER_CREDENTIALS_RELATIVE_URI: relative, AWS_CONTAINER_CREDENTIALS_FULL_URI: full } = environment;
    if (relative) return await this.#ask(`${CONTAINER}${relative}`);
    if (full) return await this.#ask(full);
    const role = new InstanceRole(environment);
    const keys = role.disabled ? undefined : await role.keys();
    if (keys !== undefined) return keys;
    throw new RunnerError(
      "store",
      "no AWS credentials: neither AWS_ACCESS_KEY_ID nor the container's endpoint is set (has the job definition a job role?), and the instance has no role",
    );
  }

  async #ask(url: string): Promise<LentKeys> {
    const [, base = "", target] = /^(https?:\/\/[^/?#\s]+)(\/[^\s#]*)?$/.exec(url) ?? [];
    if (base === "") throw new RunnerError("store", "the address of the container's credentials is not one");
    const client = new HttpClient(base);
    if (!client.secure && !LOCAL.test(client.host)) {
      throw new RunnerError("store", `credentials are not asked of ${client.host} without TLS`);
    }
    let reason = "";
    for (let n = 0; n < TRIES; n += 1) {
      if (n > 0) await pause(n);
      try {
        const token = this.#token();
        const headers = { host: client.host, accept: "application/json", ...(token && { authorization: token }) };
        const answer = await client.request({ method: "GET", target: target ?? "/", headers, most: 1 << 20 });
        if (answer.status === 200 && answer.short === undefined) return readKeys(answer.body);
        reason = `status ${answer.status}`;
      } catch (cause) {
        reason = cause instanceof Error ? cause.message : String(cause);
      }
    }
    throw new RunnerError("store", `the container's credentials cannot be had: ${reason}`);
  }

  #token(): string | undefined {
    const file = this.#environment.AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE;
    const token = file ? readFileSync(file, "utf8").trim() : this.#environment.AWS_CONTAINER_AUTHORIZATION_TOKEN;
    if (token && /\p{Cc}/u.test(token)) throw new Error("the token has more than one line");
    return token || undefined;
  }
}
