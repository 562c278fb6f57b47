import { batchArn, nameOf } from "./account.ts";
import { clientFault } from "./api-refusal.ts";
import { readCommand, readEnvironment, readResources, readTimeout } from "./container-fields.ts";
import { type Fields, fieldsOf, mapOf, requiredText, textOf } from "./fields.ts";
import { LIMITS } from "./limits.ts";
import { type RetryStrategy, readRetryStrategy } from "./retry-rules.ts";

/** A revision of a job definition. */
export interface JobDefinition {
  readonly name: string;
  readonly revision: number;
  readonly arn: string;
  readonly parameters: Readonly<Record<string, string>>;
  readonly image: string;
  readonly command: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  readonly resources: Readonly<Record<string, string>>;
  readonly retryStrategy: RetryStrategy | undefined;
  readonly timeoutSeconds: number | undefined;
  readonly tags: Readonly<Record<string, string>>;
  readonly propagateTags: boolean;
  /** As it was registered, which is how it is described. */
  readonly registered: Fields;
}

/** Name pattern of jobs and definitions. */
export const NAME = /^[A-Za-z0-9][A-Za-z0-9_-]{0,127}$/;

/** What the original's provisioner registers: its six parameters, `none` where nothing is given. */
export const PROVISIONED: Fields = {
  type: "container",
  parameters: {
    task_id: "none",
    payload: "none",
    compressed: "0",
    s3_bucket: "none",
    s3_prefix: "none",
    s3_key: "none",
  },
  containerProperties: {
    image: "emulated:latest",
    command: ["task_id", "payload", "compressed", "s3_bucket", "s3_prefix", "s3_key"].flatMap((name) => [
      `--${name}`,
      `Ref::${name}`,
    ]),
    resourceRequirements: [
      { type: "VCPU", value: "1" },
      { type: "MEMORY", value: "1843" },
    ],
  },
  timeout: { attemptDurationSeconds: 3_600 },
};

/** The same with a size that Fargate has: the provisioner, which makes queues on EC2 only, takes a tenth off. */
export const PROVISIONED_ON_FARGATE: Fields = {
  ...PROVISIONED,
  platformCapabilities: ["FARGATE"],
  containerProperties: {
    ...(PROVISIONED["containerProperties"] as Fields),
    resourceRequirements: [
      { type: "VCPU", value: "1" },
      { type: "MEMORY", value: "2048" },
    ],
  },
};

/** Every revision that was registered. */
export class Definitions {
  readonly #byName = new Map<string, JobDefinition[]>();

  /** @throws {ApiRefusal} `ClientException` */
  register(request: Fields, size = 0): JobDefinition {
    if (size > LIMITS.registerBytes.value) throw clientFault("Job definition size must be less than 24 KiB");
    const name = requiredText(request, "jobDefinitionName");
    if (!NAME.test(name)) throw clientFault("Job definition name should match valid pattern");
    if (textOf(request, "type") !== "container")
      throw clientFault("only job definitions of type container are emulated");
    const container = fieldsOf(request["containerProperties"], "containerProperties");
    const revisions = this.#byName.get(name) ?? [];
    const revision = revisions.length + 1;
    const definition: JobDefinition = {
      name,
      revision,
      arn: batchArn("job-definition", `${name}:${revision}`),
      parameters: mapOf(request, "parameters"),
      image: requiredText(container, "image"),
      command: readCommand(container) ?? [],
      environment: readEnvironment(container),
      resources: readResources(container),
      retryStrategy: request["retryStrategy"] === undefined ? undefined : readRetryStrategy(request["retryStrategy"]),
      timeoutSeconds: readTimeout(request),
      tags: mapOf(request, "tags"),
      propagateTags: request["propagateTags"] === true,
      registered: request,
    };
    this.#byName.set(name, [...revisions, definition]);
    return definition;
  }

  /** By name (the latest revision), `name:revision` or ARN. */
  find(nameOrArn: string): JobDefinition | undefined {
    const [name = "", revision] = nameOf(nameOrArn).split(":");
    const revisions = this.#byName.get(name);
    return revision === undefined ? revisions?.at(-1) : revisions?.[Number(revision) - 1];
  }

  /** Every revision of one name, or of all; the latest first. */
  all(name?: string): readonly JobDefinition[] {
    const lists = name === undefined ? [...this.#byName.values()] : [this.#byName.get(name) ?? []];
    return lists.flatMap((revisions) => revisions.toReversed());
  }
}

/** A definition as DescribeJobDefinitions gives it. */
export function definitionView(definition: JobDefinition): Fields {
  return {
    ...definition.registered,
    jobDefinitionArn: definition.arn,
    revision: definition.revision,
    status: "ACTIVE",
    containerOrchestrationType: "ECS",
  };
}
