import { existsSync } from "node:fs";
import { mkdir, mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import {
  BatchClient,
  DeleteJobQueueCommand,
  DescribeJobDefinitionsCommand,
  UpdateJobQueueCommand,
} from "@aws-sdk/client-batch";
import { CloudWatchLogsClient, DescribeLogGroupsCommand } from "@aws-sdk/client-cloudwatch-logs";
import { EC2Client } from "@aws-sdk/client-ec2";
import { CreateServiceLinkedRoleCommand, IAMClient } from "@aws-sdk/client-iam";
import { type BatchEmulator, startBatchEmulator } from "../../src/batch-emulator/index.ts";
import { type Moto, startMoto } from "../../src/moto/index.ts";
import { freePorts, HarnessError, nodeProgram, releaseBin, repositoryRoot } from "../../src/scaler/index.ts";
import { AwsProxy, type ProxiedAnswer, type ProxiedCall } from "../doctor/aws-proxy.ts";
import { setUpNetwork } from "../doctor/healthy-account.ts";
import { EXCESS, simulation } from "../doctor/iam-simulator.ts";
import { bucketAnswer } from "./bucket-answers.ts";
import { CONFIG_DIGEST, fakePrograms } from "./fake-programs.ts";
import { makeLinkedRole } from "./spot-role.ts";
import { templateOf } from "./stack-template.ts";

const RELEASE = "2.9.0";
const REGION = "eu-central-1";
/** Name of a deployment that nobody gave one, and of its queue. */
const QUEUE = "scaler-aws-hpc";
const RUNNER = join(repositoryRoot(), "packages", "runner-python", "python", "scaler_runner.py");
/** What AWS Batch knows of jobs; all else of it is moto's. */
const JOBS = ["describejobs", "listjobs", "terminatejob", "terminatejobs", "canceljob", "canceljobs"];

interface ComputeTemplate {
  readonly Resources: {
    readonly JobDefinition: { readonly Properties: { readonly ContainerProperties: { readonly Image: string } } };
  };
}

/**
 * An account with nothing in it, and a machine with what the guide asks for, all found by variables alone. The account is moto's; jobs are run, by the real runner, by the
 * emulator of AWS Batch. What moto lacks of AWS is put right between both, one rule for each.
 */
export class WalkAccount implements AsyncDisposable {
  /** Where the guide is followed. */
  readonly folder: string;
  /** Beside it: programs, notes. */
  readonly aside: string;
  readonly env: Readonly<Record<string, string>>;
  readonly batch: BatchEmulator;
  /** Images that jobs were made of, in the order of their first job. */
  readonly images = new Set<string>();
  readonly #moto: Moto;
  readonly #proxy: AwsProxy;
  readonly #batchOfMoto: BatchClient;
  readonly #iamOfMoto: IAMClient;

  private constructor(
    parts: { readonly root: string; readonly moto: Moto; readonly proxy: AwsProxy; readonly batch: BatchEmulator },
    env: Readonly<Record<string, string>>,
  ) {
    this.aside = parts.root;
    this.folder = join(parts.root, "work");
    this.#moto = parts.moto;
    this.#proxy = parts.proxy;
    this.batch = parts.batch;
    this.#batchOfMoto = new BatchClient(clientOptions(parts.moto));
    this.#iamOfMoto = new IAMClient(clientOptions(parts.moto));
    this.env = env;
    this.#repair();
  }

  static async open(): Promise<WalkAccount> {
    await using started = new AsyncDisposableStack();
    const moto = started.use(await startMoto({ variables: { MOTO_IAM_LOAD_MANAGED_POLICIES: "true" } }));
    const proxy = started.use(await AwsProxy.start(moto.endpoint));
    const python = join(releaseBin(RELEASE), "python");
    const batch = started.use(
      await startBatchEmulator({
        runner: { mode: "warm", python, script: RUNNER },
        queues: [{ name: QUEUE, vcpus: 8 }],
        definitions: [],
        s3: { endpoint: moto.endpoint },
        startMs: 50,
      }),
    );
    const serviceRole = await likeNew(moto);
    // The region is said by the guide.
    const { AWS_REGION: _region, AWS_DEFAULT_REGION: _default, ...credentials } = moto.env;
    const root = await mkdtemp(join(tmpdir(), "scaler-aws-hpc-walk-"));
    const bin = join(root, "bin");
    await Promise.all([mkdir(join(root, "work")), fakePrograms(bin, join(root, "docker.json"))]);
    const account = new WalkAccount(
      { root, moto, proxy, batch },
      {
        ...credentials,
        AWS_ENDPOINT_URL: proxy.endpoint,
        PATH: [bin, releaseBin(RELEASE), dirname(nodeProgram()), awsCli(), process.env["PATH"] ?? ""].join(delimiter),
        HOME: root,
        LANG: "C.UTF-8",
        // Without it oclif looks for TypeScript sources beside the compiled commands.
        NODE_ENV: "production",
        NO_COLOR: "1",
        PYTHONUNBUFFERED: "1",
        PIP_DISABLE_PIP_VERSION_CHECK: "1",
        // What AWS makes by itself and moto does not.
        SCALER_AWS_HPC_PROVISION_SERVICE_ROLE: serviceRole,
        // A container starts at once here; the default says how long that takes on AWS.
        SCALER_AWS_HPC_BATCH_START_SECONDS: "1",
        ...(await addresses()),
      },
    );
    started.move();
    return account;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#batchOfMoto.destroy();
    this.#iamOfMoto.destroy();
    await this.#proxy[Symbol.asyncDispose]();
    await this.batch[Symbol.asyncDispose]();
    await this.#moto[Symbol.asyncDispose]();
    await rm(this.aside, { recursive: true, force: true });
  }

  #repair(): void {
    const proxy = this.#proxy;
    for (const name of JOBS) proxy.always(`batch:${name}`, (call) => this.#askEmulator(call));
    proxy.always("batch:getjobqueuesnapshot", (call) => this.#askEmulator(call));
    proxy.always("batch:submitjob", async (call) => await this.#askEmulator(await this.#withDefinition(call)));
    proxy.always("iam:SimulatePrincipalPolicy", ({ body }) => simulation(body, excessOf(body)));
    proxy.always("iam:CreateServiceLinkedRole", (call, forward) => makeLinkedRole(this.#iamOfMoto, call, forward));
    proxy.always("servicequotas:GetServiceQuota", ({ body }) => quota(body));
    proxy.always("ecr:GetDownloadUrlForLayer", () =>
      json({ downloadUrl: `${proxy.endpoint}/none/config`, layerDigest: CONFIG_DIGEST }),
    );
    proxy.always("none:config", async () => json(await this.#imageConfig()));
    proxy.always("logs:GetLogEvents", async (call, forward) => await this.#logEvents(call, await forward()));
    for (const question of ["s3:GET:publicAccessBlock", "s3:GET:lifecycle", "s3:GET:policy"] as const) {
      proxy.always(question, () => bucketAnswer(this.#moto.endpoint, `${QUEUE}-base`, question));
    }
    // moto leaves the queue.
    proxy.always("cloudformation:DeleteStack", async ({ body }, forward) => {
      const answer = await forward();
      if (body.includes("-compute")) await this.#deleteQueue();
      return answer;
    });
  }

  /** moto says of a stream that is not there that its group is not. */
  async #logEvents({ body }: ProxiedCall, answer: ProxiedAnswer): Promise<ProxiedAnswer> {
    if (answer.status === 200) return answer;
    const { logGroupName, logStreamName } = JSON.parse(body) as Readonly<Record<string, string>>;
    const logs = new CloudWatchLogsClient(clientOptions(this.#moto));
    const command = new DescribeLogGroupsCommand({ logGroupNamePrefix: logGroupName });
    const { logGroups = [] } = await logs.send(command).finally(() => logs.destroy());
    if (!logGroups.some((group) => group.logGroupName === logGroupName)) return answer;
    const message = `The specified log stream does not exist: ${logStreamName}`;
    return { ...answer, body: JSON.stringify({ __type: "ResourceNotFoundException", message }) };
  }

  async #askEmulator({ path, headers, body }: ProxiedCall): Promise<ProxiedAnswer> {
    const { authorization = "" } = headers;
    const answer = await fetch(`${this.batch.endpoint}${path}`, { method: "POST", headers: { authorization }, body });
    const kind = answer.headers.get("x-amzn-errortype");
    const all = { "content-type": "application/json", ...(kind !== null && { "x-amzn-errortype": kind }) };
    return { status: answer.status, headers: all, body: await answer.text() };
  }

  /** The emulator has the definition that moto's CloudFormation registered, with the image that it should have now: moto registers no second revision. */
  async #withDefinition(call: ProxiedCall): Promise<ProxiedCall> {
    const request = JSON.parse(call.body) as { readonly jobDefinition: string };
    const [name = ""] = request.jobDefinition.replace(/^.*job-definition\//, "").split(":");
    const command = new DescribeJobDefinitionsCommand({ jobDefinitionName: name, status: "ACTIVE" });
    const { jobDefinitions = [] } = await this.#batchOfMoto.send(command);
    const newest = jobDefinitions.toSorted((a, b) => (b.revision ?? 0) - (a.revision ?? 0))[0];
    const { parameters, timeout, containerProperties, propagateTags } = newest ?? {};
    const { Resources } = await templateOf<ComputeTemplate>(this.#moto.endpoint, `${QUEUE}-compute`);
    const image = Resources.JobDefinition.Properties.ContainerProperties.Image;
    this.images.add(image);
    const registered = { jobDefinitionName: name, type: "container", parameters, timeout };
    const { body } = await this.#askEmulator({
      ...call,
      path: "/v1/registerjobdefinition",
      body: JSON.stringify({ ...registered, propagateTags, containerProperties: { ...containerProperties, image } }),
    });
    const { jobDefinitionArn } = JSON.parse(body) as { readonly jobDefinitionArn: string };
    return { ...call, body: JSON.stringify({ ...request, jobDefinition: jobDefinitionArn }) };
  }

  /** Of the image that was pushed last, by what it was built with. */
  async #imageConfig(): Promise<object> {
    const notes = JSON.parse(await readFile(join(this.aside, "docker.json"), "utf8")) as {
      readonly pushed: readonly string[];
    };
    const python = notes.pushed.find((argument) => argument.startsWith("PYTHON="))?.slice("PYTHON=".length) ?? "";
    const Labels = { "scaler-aws-hpc.runner": "python", "scaler-aws-hpc.python": python };
    return { architecture: "amd64", config: { Labels, Entrypoint: ["python", "-m", "scaler_runner"] } };
  }

  async #deleteQueue(): Promise<void> {
    await this.#batchOfMoto.send(new UpdateJobQueueCommand({ jobQueue: QUEUE, state: "DISABLED" }));
    await this.#batchOfMoto.send(new DeleteJobQueueCommand({ jobQueue: QUEUE }));
  }
}

const clientOptions = (moto: Moto) => ({
  endpoint: moto.endpoint,
  region: REGION,
  credentials: { accessKeyId: "testing", secretAccessKey: "testing" },
});

/** What a new account of AWS has and one of moto's lacks. @returns the role of AWS Batch */
async function likeNew(moto: Moto): Promise<string> {
  const iam = new IAMClient(clientOptions(moto));
  const ec2 = new EC2Client(clientOptions(moto));
  const { Role } = await iam.send(new CreateServiceLinkedRoleCommand({ AWSServiceName: "batch.amazonaws.com" }));
  await setUpNetwork({ ec2 });
  iam.destroy();
  ec2.destroy();
  return Role?.Arn ?? "";
}

/** A scheduler takes the port behind the next for its monitors. */
async function addresses(): Promise<Readonly<Record<string, string>>> {
  const [scheduler = 0, other = 0, third = 0] = await freePorts(3);
  const storage = other === scheduler + 2 ? third : other;
  return { SCHEDULER: `tcp://127.0.0.1:${scheduler}`, STORAGE: `tcp://127.0.0.1:${storage}` };
}

function awsCli(): string {
  const venvs = process.env["SCALER_AWS_HPC_VENVS"] || join(repositoryRoot(), ".cache", "venvs");
  const bin = join(venvs, "awscli", "bin");
  if (existsSync(join(bin, "aws"))) return bin;
  throw new HarnessError("missing", `the AWS CLI is not installed below ${venvs}; \`npm test\` sets it up`);
}

const json = (body: object): ProxiedAnswer => ({
  status: 200,
  headers: { "content-type": "application/x-amz-json-1.1" },
  body: JSON.stringify(body),
});

/** A job role of ours may do no more than it must. */
function excessOf(body: string): ReadonlySet<string> {
  const role = new URLSearchParams(body).get("PolicySourceArn")?.split("/").at(-1) ?? "";
  return new Set(role.endsWith("_job") ? EXCESS.map((action) => `${role} ${action}`) : []);
}

/** Quotas by their codes, of an account that is neither new nor large. */
const QUOTAS: Readonly<Record<string, string>> = {
  "L-34B43A08": "All Standard (A, C, D, H, I, M, R, T, Z) Spot Instance Requests",
  "L-1216C47A": "Running On-Demand Standard (A, C, D, H, I, M, R, T, Z) instances",
};

function quota(body: string): ProxiedAnswer {
  const { QuotaCode = "" } = JSON.parse(body) as { readonly QuotaCode?: string };
  return json({ Quota: { QuotaCode, QuotaName: QUOTAS[QuotaCode], Value: 256 } });
}
