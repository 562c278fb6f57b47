import { HttpClient } from "./http-client.ts";
import { type LentKeys, readKeys } from "./lent-keys.ts";

const ADDRESS = "http://169.254.169.254";
const ROLES = "/latest/meta-data/iam/security-credentials/";

/**
 * The role of the machine that this process runs on, from its metadata service (version 2).
 * https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/instancedata-data-retrieval.html
 */
export class InstanceRole {
  readonly #client: HttpClient;
  /** The user forbade to ask. */
  readonly disabled: boolean;

  constructor(environment: NodeJS.ProcessEnv) {
    this.#client = new HttpClient(environment.AWS_EC2_METADATA_SERVICE_ENDPOINT || ADDRESS);
    this.disabled = environment.AWS_EC2_METADATA_DISABLED?.toLowerCase() === "true";
  }

  /** Keys of the role; `undefined` where there is no such service, or no role. */
  async keys(): Promise<LentKeys | undefined> {
    try {
      const token = await this.#ask("PUT", "/latest/api/token", { "x-aws-ec2-metadata-token-ttl-seconds": "21600" });
      const headers = { "x-aws-ec2-metadata-token": token };
      const [role = ""] = (await this.#ask("GET", ROLES, headers)).trim().split("\n");
      if (role === "") return undefined;
      return readKeys(Buffer.from(await this.#ask("GET", `${ROLES}${role}`, headers)));
    } catch {
      return undefined;
    }
  }

  async #ask(method: string, target: string, headers: Readonly<Record<string, string>>): Promise<string> {
    const all = { host: this.#client.host, ...headers };
    const answer = await this.#client.request({
      method,
      target: `${this.#client.path}${target}`,
      headers: all,
      most: 65_536,
    });
    if (answer.status !== 200) throw new Error(`status ${answer.status}`);
    return answer.body.toString("utf8");
  }
}
