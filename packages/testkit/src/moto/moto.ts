import { existsSync } from "node:fs";
import { join } from "node:path";
import { ChildProgram } from "../scaler/child-program.ts";
import { HarnessError } from "../scaler/harness-error.ts";
import { repositoryRoot } from "../scaler/repository.ts";

/** What a moto server is started with; everything has a default. */
export interface MotoOptions {
  /** Buckets that are there from the start. @default none */
  readonly buckets?: readonly string[];
  /** Region of those buckets, and of {@link Moto.env}. @default "eu-central-1" */
  readonly region?: string;
  /** Variables of the server, such as its own settings. @default none */
  readonly variables?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal;
}

/** moto's S3: a server of the AWS API that somebody else wrote, as a real process behind real HTTP. */
export interface Moto extends AsyncDisposable {
  /** Such as `http://127.0.0.1:40001`. */
  readonly endpoint: string;
  /** What a process needs in its environment to use it as AWS: endpoint, region, credentials that it takes. */
  readonly env: Readonly<Record<string, string>>;
  readonly server: ChildProgram;
  /** Makes an empty bucket. @throws {HarnessError} `not-ready` with the server's words */
  createBucket(name: string): Promise<void>;
}

/** Milliseconds until it listens; 2 s on an idle machine. */
const READY_MS = 60_000;

/**
 * Starts a server on a port that it chooses. It is gone with everything in it when disposed of.
 * @throws {HarnessError} `missing` when moto is not installed, `exited` or `timeout` with the logs
 */
export async function startMoto(options: MotoOptions = {}): Promise<Moto> {
  options.signal?.throwIfAborted();
  const region = options.region ?? "eu-central-1";
  const server = await ChildProgram.start({
    name: "moto",
    file: motoProgram(),
    args: ["-H", "127.0.0.1", "-p", "0"],
    ...(options.variables !== undefined && { env: options.variables }),
  });
  try {
    const [, endpoint = ""] = await server.waitForLog(/Running on (http:\/\/127\.0\.0\.1:\d+)/, READY_MS);
    const moto: Moto = {
      endpoint,
      env: {
        AWS_ENDPOINT_URL: endpoint,
        AWS_REGION: region,
        AWS_DEFAULT_REGION: region,
        AWS_ACCESS_KEY_ID: "testing",
        AWS_SECRET_ACCESS_KEY: "testing",
        AWS_EC2_METADATA_DISABLED: "true",
      },
      server,
      createBucket: (name) => createBucket(endpoint, name, region),
      [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
    };
    for (const name of options.buckets ?? []) await moto.createBucket(name);
    return moto;
  } catch (reason) {
    await server[Symbol.asyncDispose]();
    throw reason;
  }
}

function motoProgram(): string {
  const venvs = process.env["SCALER_AWS_HPC_VENVS"] || join(repositoryRoot(), ".cache", "venvs");
  const file = join(venvs, "moto", "bin", "moto_server");
  if (existsSync(file)) return file;
  throw new HarnessError("missing", `moto is not installed below ${venvs}; \`npm test\` sets it up`);
}

async function createBucket(endpoint: string, name: string, region: string): Promise<void> {
  const body = `<CreateBucketConfiguration><LocationConstraint>${region}</LocationConstraint></CreateBucketConfiguration>`;
  const answer = await fetch(`${endpoint}/${name}`, {
    method: "PUT",
    // moto takes the region of a request from its signature, which it does not check.
    headers: {
      authorization: `AWS4-HMAC-SHA256 Credential=testing/20260101/${region}/s3/aws4_request, SignedHeaders=host, Signature=0`,
    },
    ...(region === "us-east-1" ? {} : { body }),
  });
  if (!answer.ok) throw new HarnessError("not-ready", `moto did not make the bucket ${name}: ${await answer.text()}`);
}
