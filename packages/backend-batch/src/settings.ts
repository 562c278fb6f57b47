import {
  AdapterError,
  didYouMean,
  type OptionSpec,
  type PluginOptions,
  type ProfileSpec,
} from "@scaler-aws-hpc/adapter-core";

/** What a profile asks of Batch; absent values are the definition's own. */
export interface ProfileSettings {
  readonly name: string;
  /** Name or ARN. */
  readonly queue: string;
  /** Name, `name:revision` or ARN. */
  readonly definition: string;
  /** Definition of jobs for the runner `node`; absent: it has none, and such jobs are refused. */
  readonly nodeDefinition?: string;
  /** As Batch writes it: `2`, or on Fargate `0.5`. */
  readonly vcpu?: string;
  /** MiB. */
  readonly memory?: number;
  readonly gpu?: number;
  /** Needed on fair-share queues, and refused on others. */
  readonly shareIdentifier?: string;
  /** 0..9999, among the jobs of one share identifier. */
  readonly priority?: number;
}

/** The plain options of the backend, checked. */
export interface BatchSettings {
  readonly queue: string;
  readonly definition: string;
  readonly nodeDefinition: string | undefined;
  readonly region: string | undefined;
  /** Calls a second at most, of all kinds. */
  readonly apiRate: number;
  /** How long a job may wait for a machine before that is reported. */
  readonly runnableDwellMs: number;
  /** How long it may wait before it is given up; `undefined`: for ever. */
  readonly runnableTimeoutMs: number | undefined;
  /** Largest inline bundle that is wished for. */
  readonly inlineBytes: number;
  /** Typical time from submit to start, until it has been measured. */
  readonly startMs: number;
  readonly tags: Readonly<Record<string, string>>;
}

const AWS = "AWS Batch";

/** Options of `start` that this backend adds. */
export const BATCH_OPTIONS: readonly OptionSpec[] = [
  {
    name: "job-queue",
    char: "q",
    type: "string",
    summary: "Job queue, name or ARN",
    env: ["SCALER_JOB_QUEUE"],
    group: AWS,
    required: true,
    identifies: true,
  },
  {
    name: "job-definition",
    char: "d",
    type: "string",
    summary: "Job definition: name (its latest revision), name:revision or ARN",
    env: ["SCALER_JOB_DEFINITION"],
    group: AWS,
    required: true,
  },
  {
    name: "node-job-definition",
    type: "string",
    summary:
      "Job definition for JavaScript tasks; the same as --job-definition where its image has both runners. Default: none, such tasks are refused",
    env: ["SCALER_NODE_JOB_DEFINITION"],
    group: AWS,
  },
  {
    name: "aws-region",
    type: "string",
    summary: "AWS region. Default: what the SDK finds (AWS_REGION, profile), else us-east-1",
    env: ["SCALER_AWS_REGION"],
    group: AWS,
    identifies: true,
  },
  {
    name: "batch-api-rate",
    type: "integer",
    default: 20,
    summary: "Calls of AWS Batch a second, at most (an account has 50, shared by all)",
    group: AWS,
  },
  {
    name: "batch-tags",
    type: "string",
    summary: "Tags for every job, as KEY=VALUE,KEY=VALUE",
    group: AWS,
  },
  {
    name: "batch-inline-bytes",
    type: "integer",
    default: 4_096,
    summary:
      "Largest bundle that travels in the job's parameters, where whoever may describe jobs can read it; 0: none",
    group: AWS,
  },
  {
    name: "runnable-dwell-minutes",
    type: "integer",
    default: 10,
    summary: "How long a job may wait in RUNNABLE before its reason is reported",
    group: AWS,
  },
  {
    name: "runnable-timeout-minutes",
    type: "integer",
    default: 0,
    summary: "How long a job may wait in RUNNABLE before it is given up; 0: for ever",
    group: AWS,
  },
  {
    name: "batch-start-seconds",
    type: "integer",
    default: 20,
    summary: "Typical time from submit to start, until it has been measured; packs are sized by it",
    group: AWS,
  },
  {
    name: "batch-share-identifier",
    type: "string",
    summary: "Share identifier, for queues with a fair-share policy",
    group: AWS,
  },
];

/** Keys of a profile that this backend takes. */
export const PROFILE_SETTINGS: readonly OptionSpec[] = [
  { name: "queue", type: "string", summary: "Job queue of this profile. Default: --job-queue" },
  { name: "definition", type: "string", summary: "Job definition of this profile. Default: --job-definition" },
  {
    name: "node-definition",
    type: "string",
    summary: "Job definition of this profile for JavaScript tasks. Default: --node-job-definition",
  },
  { name: "vcpu", type: "string", summary: "vCPUs of a job; fractions on Fargate only. Default: the definition's" },
  { name: "memory", type: "integer", summary: "Memory of a job in MiB. Default: the definition's" },
  { name: "gpu", type: "integer", summary: "GPUs of a job. Default: the definition's" },
  { name: "share-identifier", type: "string", summary: "Share identifier. Default: --batch-share-identifier" },
  { name: "priority", type: "integer", summary: "Scheduling priority within the share identifier, 0 to 9999" },
];

const QUEUE =
  /^(?:[A-Za-z0-9][A-Za-z0-9_-]{0,127}|arn:[a-z0-9-]+:batch:[a-z0-9-]+:[0-9]{12}:job-queue\/[A-Za-z0-9_-]{1,128})$/;
const QUEUE_TEXT = "the name or ARN of a job queue";
const DEFINITION =
  /^(?:[A-Za-z0-9][A-Za-z0-9_-]{0,127}(?::[1-9][0-9]{0,8})?|arn:[a-z0-9-]+:batch:[a-z0-9-]+:[0-9]{12}:job-definition\/[A-Za-z0-9_-]{1,128}(?::[1-9][0-9]{0,8})?)$/;
const DEFINITION_TEXT = "NAME, NAME:REVISION or an ARN";
const REGION = /^[a-z0-9][a-z0-9-]{1,30}$/;
const SHARE = /^[A-Za-z0-9]{1,255}$/;
const TAG_KEY = /^(?!aws:)[\w .:/+@=-]{1,128}$/;
const TAG_VALUE = /^[\w .:/+@-]{0,256}$/;
const MOST_TAGS = 40;
const MINUTE = 60_000;

/** Reads the plain options. @throws {AdapterError} `config` */
export function readOptions(options: PluginOptions): BatchSettings {
  const dwell = whole(options["runnable-dwell-minutes"] ?? 10, "--runnable-dwell-minutes", 1, 10_080);
  const timeout = whole(options["runnable-timeout-minutes"] ?? 0, "--runnable-timeout-minutes", 0, 10_080);
  const node = options["node-job-definition"];
  return {
    queue: text(options["job-queue"], "--job-queue", QUEUE, QUEUE_TEXT),
    definition: text(options["job-definition"], "--job-definition", DEFINITION, DEFINITION_TEXT),
    nodeDefinition: node === undefined ? undefined : text(node, "--node-job-definition", DEFINITION, DEFINITION_TEXT),
    ...readAccess(options),
    runnableDwellMs: dwell * MINUTE,
    runnableTimeoutMs: timeout === 0 ? undefined : timeout * MINUTE,
    inlineBytes: whole(options["batch-inline-bytes"] ?? 4_096, "--batch-inline-bytes", 0, 16_384),
    startMs: whole(options["batch-start-seconds"] ?? 20, "--batch-start-seconds", 0, 3_600) * 1_000,
    tags: readTags(options["batch-tags"]),
  };
}

function readAccess(options: PluginOptions): Pick<BatchSettings, "region" | "apiRate"> {
  const region = options["aws-region"];
  return {
    region: region === undefined ? undefined : text(region, "--aws-region", REGION, "a region such as eu-central-1"),
    apiRate: whole(options["batch-api-rate"] ?? 20, "--batch-api-rate", 1, 50),
  };
}

/** What somebody who only looks for jobs has to know: where, and how often it may ask. */
export interface QueueSettings extends Pick<BatchSettings, "region" | "apiRate"> {
  /** Those of all profiles, each once. */
  readonly queues: readonly string[];
}

/** Reads which queues there are. @throws {AdapterError} `config` */
export function readQueues(options: PluginOptions, profiles: readonly ProfileSpec[]): QueueSettings {
  const queues = profiles.map(({ name, settings }) =>
    settings["queue"] === undefined
      ? text(options["job-queue"], "--job-queue", QUEUE, QUEUE_TEXT)
      : text(settings["queue"], `profile ${name}: queue`, QUEUE, QUEUE_TEXT),
  );
  return { queues: [...new Set(queues)], ...readAccess(options) };
}

/** Reads what a profile says to this backend. @throws {AdapterError} `config` */
export function readProfile(profile: ProfileSpec, options: PluginOptions, plain: BatchSettings): ProfileSettings {
  const { name, settings } = profile;
  const where = (key: string): string => `profile ${name}: ${key}`;
  const known = PROFILE_SETTINGS.map((spec) => spec.name);
  for (const key of Object.keys(settings)) {
    if (known.includes(key)) continue;
    const close = didYouMean(key, known);
    const next = close === undefined ? `it may have ${known.join(", ")}` : `did you mean ${close}?`;
    throw new AdapterError("config", `${where(key)} is not a setting of the batch backend; ${next}`);
  }
  const { queue, definition, vcpu, memory, gpu, priority } = settings;
  const node = settings["node-definition"];
  const nodeDefinition =
    node === undefined ? plain.nodeDefinition : text(node, where("node-definition"), DEFINITION, DEFINITION_TEXT);
  const share = settings["share-identifier"] ?? options["batch-share-identifier"];
  return {
    name,
    queue: queue === undefined ? plain.queue : text(queue, where("queue"), QUEUE, QUEUE_TEXT),
    definition:
      definition === undefined ? plain.definition : text(definition, where("definition"), DEFINITION, DEFINITION_TEXT),
    ...(nodeDefinition !== undefined && { nodeDefinition }),
    ...(vcpu !== undefined && { vcpu: readVcpu(vcpu, where("vcpu")) }),
    ...(memory !== undefined && { memory: whole(memory, where("memory"), 4, 24_000_000) }),
    ...(gpu !== undefined && { gpu: whole(gpu, where("gpu"), 0, 64) }),
    ...(share !== undefined && {
      shareIdentifier: text(share, where("share-identifier"), SHARE, "letters and digits"),
    }),
    ...(priority !== undefined && { priority: whole(priority, where("priority"), 0, 9_999) }),
  };
}

function readVcpu(value: unknown, where: string): string {
  const number = Number(value);
  const fine = Number.isInteger(number) ? number >= 1 && number <= 1_024 : number === 0.25 || number === 0.5;
  if ((typeof value === "number" || typeof value === "string") && value !== "" && fine) return String(number);
  throw wrong(where, "a whole number, or 0.25 or 0.5 on Fargate", value);
}

function readTags(value: unknown): Readonly<Record<string, string>> {
  if (value === undefined || value === "") return {};
  if (typeof value !== "string") throw wrong("--batch-tags", "KEY=VALUE,KEY=VALUE", value);
  const tags: Record<string, string> = {};
  for (const pair of value.split(",")) {
    const at = pair.indexOf("=");
    const [key, tag] = [pair.slice(0, at).trim(), pair.slice(at + 1).trim()];
    if (at < 1 || !TAG_KEY.test(key) || !TAG_VALUE.test(tag)) {
      throw wrong("--batch-tags", "KEY=VALUE,KEY=VALUE, letters, digits, spaces and _.:/+-@", pair);
    }
    tags[key] = tag;
  }
  if (Object.keys(tags).length > MOST_TAGS) throw wrong("--batch-tags", `at most ${MOST_TAGS} tags`, value);
  return tags;
}

function text(value: unknown, where: string, pattern: RegExp, expected: string): string {
  if (typeof value === "string" && pattern.test(value)) return value;
  throw wrong(where, expected, value);
}

function whole(value: unknown, where: string, least: number, most: number): number {
  if (typeof value === "number" && Number.isInteger(value) && value >= least && value <= most) return value;
  throw wrong(where, `a whole number from ${least} to ${most}`, value);
}

function wrong(where: string, expected: string, got: unknown): AdapterError {
  const shown = got === undefined ? "nothing" : JSON.stringify(got).slice(0, 120);
  return new AdapterError("config", `${where}: expected ${expected}, got ${shown}`);
}
