import type { ComputeEnvironmentDetail, JobDefinition } from "@aws-sdk/client-batch";
import { AdapterError, type CheckedDeployment, type CheckHost } from "@scaler-aws-hpc/adapter-core";
import { architectureOf } from "../settings/instance-types.ts";
import type { CheckedAccount, QueueFacts } from "./account-port.ts";

/** Which queues and definitions a deployment uses together. */
export interface DeployedNames {
  readonly queues: readonly string[];
  readonly definitions: readonly string[];
  /** Queues to which jobs of a definition go. */
  queuesOf(definition: string): readonly string[];
  /** Definitions whose jobs go to a queue. */
  definitionsOf(queue: string): readonly string[];
  /** What each profile sends to a queue: its definition, and the vCPUs that it says instead of the definition's. */
  jobsOf(queue: string): readonly { readonly definition: string; readonly vcpu: string | undefined }[];
}

/** A definition that is looked at, for checks of it. */
export interface DefinitionParts {
  readonly name: string;
  /** The id of a check about it. */
  readonly id: (id: string) => string;
  readonly needs: readonly string[];
  readonly deployed: Deployed;
  readonly account: () => Promise<CheckedAccount>;
  /** What its jobs run on. @throws {AdapterError} `denied` where that may not be looked at */
  readonly environments: () => Promise<readonly ComputeEnvironmentDetail[]>;
  readonly host: Pick<CheckHost, "runnerOptions">;
}

/** Queues and definitions of all profiles; none where the backend is not AWS Batch or its settings are missing. */
export function deployedNames(
  { backend }: CheckedDeployment,
  { profiles }: Pick<CheckHost, "profiles">,
): DeployedNames {
  const { "job-queue": queue, "job-definition": definition } = backend.options;
  const pairs = (backend.name === "batch" ? profiles : []).flatMap(({ settings }) => {
    const pair = [settings["queue"] ?? queue, settings["definition"] ?? definition];
    if (!pair.every((name) => typeof name === "string" && name !== "")) return [];
    const { vcpu } = settings;
    return [[...(pair as [string, string]), typeof vcpu === "string" ? vcpu : undefined] as const];
  });
  return {
    queues: [...new Set(pairs.map(([name]) => name))],
    definitions: [...new Set(pairs.map(([, name]) => name))],
    queuesOf: (wanted) => [...new Set(pairs.filter(([, name]) => name === wanted).map(([name]) => name))],
    definitionsOf: (wanted) => [...new Set(pairs.filter(([name]) => name === wanted).map(([, name]) => name))],
    jobsOf: (wanted) => pairs.filter(([name]) => name === wanted).map(([, definition, vcpu]) => ({ definition, vcpu })),
  };
}

/** Asks for queues and definitions once, whichever check wants them; so none of them can end what others wait for. */
export class Deployed {
  readonly #account: () => Promise<CheckedAccount>;
  readonly #queues = new Map<string, Promise<QueueFacts>>();
  readonly #definitions = new Map<string, Promise<JobDefinition>>();

  constructor(account: () => Promise<CheckedAccount>) {
    this.#account = account;
  }

  queue(name: string): Promise<QueueFacts> {
    const asked = this.#queues.get(name) ?? this.#account().then((account) => account.queue(name));
    this.#queues.set(name, asked);
    return asked;
  }

  definition(name: string): Promise<JobDefinition> {
    const asked = this.#definitions.get(name) ?? this.#account().then((account) => account.definition(name));
    this.#definitions.set(name, asked);
    return asked;
  }

  /** The environments of some queues together. @throws {AdapterError} `denied` where they may not be looked at */
  async environments(queues: readonly string[]): Promise<readonly ComputeEnvironmentDetail[]> {
    const found = await Promise.all(queues.map((name) => this.queue(name)));
    return found.flatMap(({ environments }) => {
      if (environments !== undefined) return environments;
      throw new AdapterError("denied", "batch:DescribeComputeEnvironments is not allowed; allow it for this");
    });
  }
}

/** Whether containers start without instances of ours. */
export const onFargate = (environments: readonly ComputeEnvironmentDetail[]): boolean =>
  environments.length > 0 &&
  environments.every(({ computeResources }) => computeResources?.type?.startsWith("FARGATE") === true);

/** What jobs of a definition run on, as images write it. Nothing where the environments do not tell. */
export function architecturesOf(
  environments: readonly ComputeEnvironmentDetail[],
  { containerProperties }: JobDefinition,
): readonly string[] {
  if (onFargate(environments)) {
    return [containerProperties?.runtimePlatform?.cpuArchitecture === "ARM64" ? "arm64" : "amd64"];
  }
  const types = environments.flatMap(({ computeResources }) => computeResources?.instanceTypes ?? []);
  const known = types.flatMap((type) => architectureOf(type) ?? []);
  return [...new Set(known.map((architecture) => (architecture === "arm64" ? "arm64" : "amd64")))];
}
