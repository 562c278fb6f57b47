import { spawn } from "node:child_process";
import { createHash, randomBytes } from "node:crypto";
import { decodeFrame, encodeBundle, encodeSection, type Frame, type Section } from "@scaler-aws-hpc/adapter-core";
import { encodeFunction, encodeValue, serializerObject } from "@scaler-aws-hpc/client/format";
import { RUNNER_FILE } from "@scaler-aws-hpc/runner-node";
import { FakeS3, type FakeS3Options } from "../../src/fake-s3/index.ts";
import type { Entry } from "./image-entry.ts";

const BUCKET = "emulator-bucket";
const SECRET = "5a".repeat(32);
const JOB = "j-1";
const KEY = `v1/in/m/${JOB}`;

/** A task: source of a function expression, and its arguments. */
export type OneShotTask = readonly [source: string, ...args: readonly unknown[]];

/** How a job is started, where not as usual; `undefined` leaves out. */
export interface OneShotChoices {
  readonly parameters?: Readonly<Record<string, string | undefined>>;
  readonly env?: Readonly<Record<string, string | undefined>>;
  readonly section?: Partial<Section>;
  /** Sends the bundle in the parameters. */
  readonly inline?: boolean;
  /** What becomes of the bundle before it is stored. */
  readonly change?: (bytes: Buffer) => Buffer;
}

/** How a job ended. */
export interface OneShotEnd {
  readonly code: number | null;
  readonly log: string;
  readonly seconds: number;
  readonly frames: readonly Frame[];
}

/** The Node runner as AWS Batch starts it, before an S3 in memory. */
export class OneShotBed implements AsyncDisposable {
  readonly s3: FakeS3;
  readonly #entry: Entry;

  private constructor(s3: FakeS3, entry: Entry) {
    this.s3 = s3;
    this.#entry = entry;
  }

  /** @param entry what the program is started with */
  static async open(
    entry: Entry = { file: process.execPath, args: [RUNNER_FILE] },
    options: FakeS3Options = {},
  ): Promise<OneShotBed> {
    const s3 = await FakeS3.start({ buckets: [BUCKET], secrets: { testing: "secret" }, ...options });
    return new OneShotBed(s3, entry);
  }

  /** Runs a job of one child to its end. */
  async run(tasks: readonly OneShotTask[], choices: OneShotChoices = {}): Promise<OneShotEnd> {
    return await (await this.start(tasks, choices)).ended;
  }

  /** Starts a job; `stop` sends SIGTERM. */
  async start(
    tasks: readonly OneShotTask[],
    { parameters = {}, env = {}, section = {}, inline = false, change = (bytes) => bytes }: OneShotChoices = {},
  ): Promise<{ readonly stop: () => void; readonly ended: Promise<OneShotEnd> }> {
    const bundle = change(await bundleOf(tasks, section));
    if (!inline) this.s3.put(BUCKET, `p/${KEY}`, bundle);
    const all = {
      ...{ task_id: JOB, payload: inline ? bundle.toString("base64url") : "none" },
      compressed: `1:${SECRET}:m:node:default:us-east-1:-`,
      ...{ s3_bucket: BUCKET, s3_prefix: "p", s3_key: inline ? "none" : KEY },
      ...parameters,
    };
    const words = Object.entries(all).flatMap(([name, value]) => (value === undefined ? [] : [`--${name}`, value]));
    const environment = {
      ...{ PATH: process.env.PATH, HOME: process.env.HOME, AWS_ENDPOINT_URL_S3: this.s3.endpoint },
      ...{ AWS_ACCESS_KEY_ID: "testing", AWS_SECRET_ACCESS_KEY: "secret", AWS_EC2_METADATA_DISABLED: "true" },
      ...{ AWS_BATCH_JOB_ID: "6f1c", AWS_BATCH_JOB_ATTEMPT: "1" },
      ...env,
    };
    const began = performance.now();
    const child = spawn(this.#entry.file, [...this.#entry.args, ...words], {
      env: environment,
      stdio: ["ignore", "pipe", "pipe"],
    });
    let log = "";
    for (const stream of [child.stdout, child.stderr]) {
      stream.on("data", (chunk: Buffer) => {
        log += chunk.toString();
      });
    }
    const ended = new Promise<number | null>((resolve) => child.once("close", resolve)).then(async (code) => {
      const seconds = (performance.now() - began) / 1_000;
      if (log.includes(SECRET)) throw new Error("the log has the secret");
      return { code, log, seconds, frames: await this.#frames() };
    });
    return { stop: () => child.kill("SIGTERM"), ended };
  }

  async #frames(): Promise<readonly Frame[]> {
    const frames: Frame[] = [];
    for (const path of this.s3.keys("", BUCKET).filter((one) => one.includes("v1/out/"))) {
      const bytes = this.s3.get(BUCKET, path) ?? Buffer.alloc(0);
      frames.push(await decodeFrame(path.slice(path.indexOf("v1/")), bytes, SECRET));
    }
    return frames;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.s3[Symbol.asyncDispose]();
  }
}

async function bundleOf(tasks: readonly OneShotTask[], choices: Partial<Section>): Promise<Buffer> {
  const objects = new Map<string, { id: string; bytes: Uint8Array; raw: number; gzip: boolean }>();
  const put = (bytes: Uint8Array): string => {
    const id = createHash("sha256").update(bytes).digest("hex");
    objects.set(id, { id, bytes, raw: bytes.length, gzip: false });
    return id;
  };
  const fn = (source: string): string => {
    const module = Buffer.from(`export const run = ${source};\n`);
    return put(encodeFunction({ name: "bed", exportName: "run", node: process.versions.node, module }));
  };
  const section: Section = {
    ...{
      job: JOB,
      child: 0,
      client: "c0ffee",
      taskLimitMs: 60_000,
      flushMs: 60_000,
      flushBytes: 8 << 20,
      fresh: false,
    },
    serializer: put(serializerObject()),
    tasks: tasks.map(([source, ...args]) => ({
      ...{ id: randomBytes(16).toString("hex"), fn: fn(source), args: args.map((arg) => put(encodeValue(arg))) },
      ...{ stream: false, profiling: false },
    })),
    objects: [...objects.values()],
    ...choices,
  };
  return Buffer.concat(await encodeBundle({ job: JOB, secret: SECRET, sections: [encodeSection(section)] }));
}
