import { type AbortOptions, AdapterError, type CheckHost } from "@scaler-aws-hpc/adapter-core";
import type { BatchApi, ComputeEnvironmentDetail, JobDefinition, JobQueueDetail } from "../batch-api.ts";
import { CallGate } from "../call-gate.ts";
import { checkQueue, checkRegion, definitionOf } from "../open-profile.ts";
import type { BatchSettings } from "../settings.ts";

/** What of a service the checks ask; the same for all of them, each thing once. */
export interface AccountParts {
  readonly api: BatchApi;
  readonly gate: CallGate;
}

/** Asks AWS Batch for what the checks look at; opens its clients when the first one asks. */
export class AccountLook {
  readonly #open: () => Promise<BatchApi>;
  readonly #host: Pick<CheckHost, "clock" | "defer">;
  readonly #rate: number;
  readonly #queues = new Map<string, Promise<JobQueueDetail>>();
  readonly #definitions = new Map<string, Promise<JobDefinition>>();
  #parts: Promise<AccountParts> | undefined;

  /** @param open makes the clients */
  constructor(
    settings: Pick<BatchSettings, "apiRate">,
    host: Pick<CheckHost, "clock" | "defer">,
    open: () => Promise<BatchApi>,
  ) {
    this.#rate = settings.apiRate;
    this.#host = host;
    this.#open = open;
  }

  /** Clients and the gate that all calls pass. */
  parts(): Promise<AccountParts> {
    this.#parts ??= this.#open().then((api) => {
      const gate = new CallGate(this.#host.clock, this.#rate, () => api.renew());
      this.#host.defer(() => {
        gate.close();
        api.close();
      });
      return { api, gate };
    });
    return this.#parts;
  }

  /** A queue that takes jobs. @throws {AdapterError} `config`, `denied`, `unavailable` */
  queue(name: string): Promise<JobQueueDetail> {
    return once(this.#queues, name, async () => {
      const { api, gate } = await this.parts();
      checkRegion(name, api.region);
      const doing = `looking at the job queue ${name} in ${api.region}`;
      const run = (): Promise<readonly JobQueueDetail[]> => api.queues([name]);
      return checkQueue(
        name,
        await gate.call({ priority: "poll", action: "batch:DescribeJobQueues", doing, run }),
        api.region,
      );
    });
  }

  /** A definition that is made for these jobs. @throws {AdapterError} `config`, `denied`, `unavailable` */
  definition(name: string): Promise<JobDefinition> {
    return once(this.#definitions, name, async () => {
      const parts = await this.parts();
      checkRegion(name, parts.api.region);
      return await definitionOf(parts, name);
    });
  }

  /** The compute environments of a queue, in its order. @throws {AdapterError} `denied`, `unavailable`; `config` for a queue without any */
  async environments(queueName: string, options?: AbortOptions): Promise<readonly ComputeEnvironmentDetail[]> {
    const { api, gate } = await this.parts();
    const { computeEnvironmentOrder = [] } = await this.queue(queueName);
    const names = computeEnvironmentOrder.flatMap(({ computeEnvironment }) => computeEnvironment ?? []);
    if (names.length === 0) {
      throw new AdapterError("config", `job queue ${queueName} has no compute environments; add one to it`);
    }
    const doing = `looking at the compute environments of ${queueName}`;
    const run = (): Promise<readonly ComputeEnvironmentDetail[]> => api.environments(names, options);
    return await gate.call({ priority: "poll", action: "batch:DescribeComputeEnvironments", doing, run }, options);
  }
}

function once<T>(known: Map<string, Promise<T>>, name: string, ask: () => Promise<T>): Promise<T> {
  const asked = known.get(name) ?? ask();
  known.set(name, asked);
  return asked;
}
