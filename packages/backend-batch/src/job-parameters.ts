import { AdapterError, type FoundJob, type JobSpec, type StoreLocator } from "@scaler-aws-hpc/adapter-core";

/** The parameters of the original manager, which its provisioner's job definitions refer to; they carry all that a runner needs. Wire format. */
export const PARAMETER_NAMES = ["task_id", "payload", "compressed", "s3_bucket", "s3_prefix", "s3_key"] as const;

/** Values of the six parameters; Batch takes no empty ones, so `none` stands for absence. */
export type JobParameters = Readonly<Record<(typeof PARAMETER_NAMES)[number], string>>;

/** What stands for absence. */
export const NONE = "none";

/** What the parameter `compressed` holds: who a job belongs to, what runs it, and the secret that its bundle and frames are signed with. */
export interface JobDescriptor {
  /** Hex of 32 bytes. */
  readonly secret: string;
  readonly manager: string;
  readonly runner: string;
  readonly profile: string;
  readonly region: string;
  /** Account that owns the bucket; `-`: not known. */
  readonly owner: string;
}

const VERSION = "1";
const DESCRIPTOR =
  /^1:([0-9a-f]{64}):([A-Za-z0-9][A-Za-z0-9_-]{0,127}):([A-Za-z0-9][A-Za-z0-9_-]{0,63}):([A-Za-z0-9][A-Za-z0-9_-]{0,63}):([a-z0-9][a-z0-9-]{0,31}):([0-9]{12}|-)$/;
const BASE64URL = /^[A-Za-z0-9_-]+$/;
const NAME = /^[A-Za-z0-9][A-Za-z0-9_-]{0,127}$/;

/** Seven fields with colons between them. @throws {AdapterError} `rejected` when a field does not fit */
export function encodeDescriptor(descriptor: JobDescriptor): string {
  const { secret, manager, runner, profile, region, owner } = descriptor;
  const text = [VERSION, secret, manager, runner, profile, region, owner].join(":");
  if (DESCRIPTOR.test(text)) return text;
  const safe = { manager, runner, profile, region, owner };
  throw new AdapterError(
    "rejected",
    `the job cannot be described to its runner: ${JSON.stringify(safe).slice(0, 300)}`,
  );
}

/** `undefined` when the text is not a descriptor, in exactly the form that {@link encodeDescriptor} writes. */
export function decodeDescriptor(text: string): JobDescriptor | undefined {
  const match = DESCRIPTOR.exec(text);
  if (!match) return undefined;
  const [, secret = "", manager = "", runner = "", profile = "", region = "", owner = ""] = match;
  return { secret, manager, runner, profile, region, owner };
}

/** The parameters of a job. @throws {AdapterError} `rejected` when the payload store is none that the parameters can name, or a field does not fit */
export function jobParameters(spec: JobSpec, manager: string): JobParameters {
  const { payload } = spec;
  const store = s3Store(payload.store);
  return {
    task_id: spec.name,
    payload: payload.kind === "inline" ? Buffer.from(payload.bundle).toString("base64url") : NONE,
    compressed: encodeDescriptor({
      secret: spec.secret,
      manager,
      runner: spec.runner,
      profile: spec.profile,
      region: store.region,
      owner: store.owner,
    }),
    s3_bucket: store.bucket,
    s3_prefix: store.prefix === "" ? NONE : store.prefix,
    s3_key: payload.kind === "bundle" ? payload.key : NONE,
  };
}

/** Where the runner finds the store: all that the parameters can say of it. */
export interface S3Store {
  readonly bucket: string;
  readonly prefix: string;
  readonly region: string;
  readonly owner: string;
}

/** @throws {AdapterError} `config` for a store that jobs on Batch cannot be told of */
export function s3Store(locator: StoreLocator): S3Store {
  const { kind, bucket, prefix = "", region, owner = "-" } = locator;
  if (kind === "s3" && bucket && region) return { bucket, prefix, region, owner: owner === "" ? "-" : owner };
  throw new AdapterError(
    "config",
    `payload store ${kind}: jobs on AWS Batch read and write S3 only; use --payload-store s3 with --s3-bucket`,
  );
}

/**
 * Reads back what a job of this manager was started with. `undefined` when these are not the parameters of such a job, in exactly the form that
 * {@link jobParameters} writes.
 */
export function readParameters(
  name: string,
  parameters: Readonly<Record<string, string>>,
  manager: string,
): Omit<FoundJob, "children" | "live"> | undefined {
  const { task_id, payload, compressed = "", s3_key } = parameters;
  const descriptor = decodeDescriptor(compressed);
  if (!NAME.test(name) || task_id !== name || descriptor?.manager !== manager) return undefined;
  const base = { name, profile: descriptor.profile, runner: descriptor.runner, secret: descriptor.secret };
  if (payload === NONE && s3_key === `v1/in/${manager}/${name}`) {
    return { ...base, payload: { kind: "bundle", key: s3_key } };
  }
  if (payload === undefined || payload === NONE || s3_key !== NONE || !BASE64URL.test(payload)) return undefined;
  return { ...base, payload: { kind: "inline", bundle: Buffer.from(payload, "base64url") } };
}
