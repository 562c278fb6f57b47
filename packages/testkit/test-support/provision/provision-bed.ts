import { execFile } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { CreateServiceLinkedRoleCommand, IAMClient } from "@aws-sdk/client-iam";
import { type Moto, startMoto } from "../../src/moto/index.ts";
import { cliProgram, nodeProgram } from "../../src/scaler/repository.ts";
import { AwsProxy } from "./aws-proxy.ts";

/** What a command did. */
export interface Ran {
  readonly code: unknown;
  readonly stdout: string;
  readonly stderr: string;
  /** stdout as JSON. */
  // biome-ignore lint/suspicious/noExplicitAny: tests look into it
  readonly json: any;
}

/** An account of moto's, the program in front of it, and a folder that it works in. */
export class ProvisionBed implements AsyncDisposable {
  readonly moto: Moto;
  readonly proxy: AwsProxy;
  readonly folder: string;
  readonly env: Readonly<Record<string, string>>;
  /** Role of AWS Batch, which moto does not make by itself. */
  readonly serviceRole: string;
  /** An image that nobody has to build. */
  readonly image = `123456789012.dkr.ecr.eu-central-1.amazonaws.com/tasks@sha256:${"0123456789abcdef".repeat(4)}`;

  private constructor(moto: Moto, proxy: AwsProxy, folder: string, serviceRole: string) {
    this.moto = moto;
    this.proxy = proxy;
    this.folder = folder;
    this.serviceRole = serviceRole;
    this.env = { ...moto.env, AWS_ENDPOINT_URL: proxy.endpoint };
  }

  static async open(): Promise<ProvisionBed> {
    const moto = await startMoto({ variables: { MOTO_IAM_LOAD_MANAGED_POLICIES: "true" } });
    const proxy = await AwsProxy.start(moto.endpoint);
    const credentials = { accessKeyId: "testing", secretAccessKey: "testing" };
    const iam = new IAMClient({ endpoint: moto.endpoint, region: "eu-central-1", credentials });
    const { Role } = await iam.send(new CreateServiceLinkedRoleCommand({ AWSServiceName: "batch.amazonaws.com" }));
    iam.destroy();
    const folder = await mkdtemp(join(tmpdir(), "scaler-aws-hpc-provision-"));
    return new ProvisionBed(moto, proxy, folder, Role?.Arn ?? "");
  }

  /** Runs the program to its end; nobody can be asked. */
  async run(args: readonly string[], signalAfter?: Promise<NodeJS.Signals>): Promise<Ran> {
    const { PATH = "" } = process.env;
    const env = { PATH, HOME: this.folder, NODE_ENV: "production", NO_COLOR: "1", ...this.env };
    return await new Promise((resolve) => {
      const options = { cwd: this.folder, env, maxBuffer: 64 * 1024 * 1024 };
      // Behind `--` Node leaves --env-file alone, which it would take for itself.
      const argv = ["--", cliProgram(), ...args];
      const child = execFile(nodeProgram(), argv, options, (error, stdout, stderr) => {
        resolve({ code: error === null ? 0 : error.code, stdout, stderr, json: jsonOf(stdout) });
      });
      child.stdin?.end();
      void signalAfter?.then((signal) => child.kill(signal));
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.proxy[Symbol.asyncDispose]();
    await this.moto[Symbol.asyncDispose]();
    await rm(this.folder, { recursive: true, force: true });
  }
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
