import { createHash, randomBytes } from "node:crypto";
import { encodeBundle, encodeSection, type SectionObject } from "@scaler-aws-hpc/adapter-core";
import { pythonWorkload, type Workload, type WorkloadCall } from "@scaler-aws-hpc/adapter-core/conformance";

/** A job of one child, as its container gets it. */
export interface SmallJob {
  readonly name: string;
  readonly secret: string;
  readonly bundle: Uint8Array;
  /** The command: the six parameters of a job definition. */
  readonly command: readonly string[];
}

export const MANAGER = "containers";

/** Makes a job of calls; its bundle is in no store yet. */
export async function smallJob(
  calls: readonly WorkloadCall[],
  bucket: string,
  region: string,
  { runner, serializer }: Workload = pythonWorkload,
): Promise<SmallJob> {
  const name = `${MANAGER}-${randomBytes(6).toString("hex")}`;
  const secret = randomBytes(32).toString("hex");
  const objects = [serializer, ...calls.flatMap(({ fn, args }) => [fn, ...args])].map(objectOf);
  const section = encodeSection({
    job: name,
    child: 0,
    client: Buffer.from("Client|containers").toString("hex"),
    taskLimitMs: 30_000,
    flushMs: 1_000,
    flushBytes: 1 << 20,
    fresh: false,
    serializer: objectOf(serializer).id,
    objects,
    tasks: calls.map(({ fn, args }) => ({
      id: randomBytes(16).toString("hex"),
      fn: objectOf(fn).id,
      args: args.map((arg) => objectOf(arg).id),
      stream: false,
      profiling: false,
    })),
  });
  const bundle = Buffer.concat(await encodeBundle({ job: name, secret, sections: [section] }));
  const parameters = {
    task_id: name,
    payload: bundle.toString("base64url"),
    compressed: `1:${secret}:${MANAGER}:${runner}:default:${region}:-`,
    s3_bucket: bucket,
    s3_prefix: "none",
    s3_key: "none",
  };
  return { name, secret, bundle, command: Object.entries(parameters).flatMap(([key, value]) => [`--${key}`, value]) };
}

function objectOf(bytes: Uint8Array): SectionObject {
  const id = createHash("sha256").update(bytes).digest("hex");
  return { id, raw: bytes.length, gzip: false, bytes };
}
