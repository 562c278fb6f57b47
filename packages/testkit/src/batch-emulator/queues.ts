import { batchArn, nameOf } from "./account.ts";
import type { Fields } from "./fields.ts";
import type { UnitJob } from "./job.ts";

/** A queue with the compute environment behind it. */
export interface QueueOptions {
  readonly name: string;
  /** What runs at once. @default 100 */
  readonly vcpus?: number;
  /** @default "EC2" */
  readonly type?: "EC2" | "SPOT" | "FARGATE" | "FARGATE_SPOT";
  /** @default true */
  readonly enabled?: boolean;
  /** Status of the compute environment. @default "VALID" */
  readonly status?: "VALID" | "INVALID";
}

/** A queue as it works. */
export class JobQueue {
  readonly name: string;
  readonly arn: string;
  readonly type: NonNullable<QueueOptions["type"]>;
  readonly enabled: boolean;
  readonly status: "VALID" | "INVALID";
  readonly vcpus: number;
  usedVcpus = 0;
  /** Why nothing leaves RUNNABLE just now; set by a test. The first job in line shows it. */
  stuck: string | undefined;
  #line: UnitJob[] = [];
  #head = 0;

  constructor(options: QueueOptions) {
    this.name = options.name;
    this.arn = batchArn("job-queue", options.name);
    this.type = options.type ?? "EC2";
    this.enabled = options.enabled ?? true;
    this.status = options.status ?? "VALID";
    this.vcpus = options.vcpus ?? 100;
  }

  get computeEnvironmentArn(): string {
    return batchArn("compute-environment", `${this.name}-compute`);
  }

  push(job: UnitJob): void {
    this.#line.push(job);
  }

  /** The first that still waits. */
  head(): UnitJob | undefined {
    for (;;) {
      const job = this.#line[this.#head];
      if (job === undefined || job.status === "RUNNABLE") return job;
      this.#head += 1;
      if (this.#head < 1_024) continue;
      this.#line = this.#line.slice(this.#head);
      this.#head = 0;
    }
  }

  /** Those that wait, in their order. */
  waiting(): readonly UnitJob[] {
    return this.#line.slice(this.#head).filter((job) => job.status === "RUNNABLE");
  }
}

/** Every queue of the account. */
export class Queues {
  readonly all: readonly JobQueue[];

  constructor(options: readonly QueueOptions[]) {
    this.all = options.map((queue) => new JobQueue(queue));
  }

  find(nameOrArn: string): JobQueue | undefined {
    return this.all.find(({ name }) => name === nameOf(nameOrArn));
  }
}

/** A queue as DescribeJobQueues gives it. */
export function queueView(queue: JobQueue): Fields {
  return {
    jobQueueName: queue.name,
    jobQueueArn: queue.arn,
    state: queue.enabled ? "ENABLED" : "DISABLED",
    status: "VALID",
    statusReason: "JobQueue Healthy",
    priority: 1,
    computeEnvironmentOrder: [{ order: 1, computeEnvironment: queue.computeEnvironmentArn }],
    jobQueueType: "ECS",
    tags: {},
  };
}

/** Its compute environment as DescribeComputeEnvironments gives it. */
export function environmentView(queue: JobQueue): Fields {
  return {
    computeEnvironmentName: `${queue.name}-compute`,
    computeEnvironmentArn: queue.computeEnvironmentArn,
    type: "MANAGED",
    state: "ENABLED",
    status: queue.status,
    statusReason: queue.status === "VALID" ? "ComputeEnvironment Healthy" : "CLIENT_ERROR - emulated",
    computeResources: {
      type: queue.type,
      maxvCpus: queue.vcpus,
      ...(queue.type.startsWith("FARGATE")
        ? {}
        : { minvCpus: 0, desiredvCpus: queue.usedVcpus, instanceTypes: ["optimal"] }),
    },
    containerOrchestrationType: "ECS",
    tags: {},
  };
}
