import {
  BatchClient,
  CreateComputeEnvironmentCommand,
  CreateJobQueueCommand,
  ListJobsCommand,
  RegisterJobDefinitionCommand,
} from "@aws-sdk/client-batch";
import { PROVISIONED } from "../../src/batch-emulator/index.ts";
import { type Moto, startMoto } from "../../src/moto/index.ts";
import { queryAws } from "./aws-query.ts";
import { startBatchRepairs } from "./batch-repairs.ts";
import type { ContainerBed } from "./bed.ts";
import { type JobEngine, startJobEngine } from "./job-engine.ts";

const ROLE = "arn:aws:iam::123456789012:role/containers";
const STATES = ["SUBMITTED", "PENDING", "RUNNABLE", "STARTING", "RUNNING"] as const;

/** moto as AWS: Batch that runs an image in containers, and S3. */
export interface MotoBatch extends AsyncDisposable {
  readonly moto: Moto;
  /** What a manager needs in its environment. */
  readonly env: Readonly<Record<string, string>>;
  readonly engine: JobEngine;
  /** Names of jobs (children by id) that are in a state before the end. */
  unfinished(): Promise<readonly string[]>;
}

/**
 * Starts it with a queue `queue`, a definition `job` of the Python runner's image, one `node-job` of the Node runner's, and a bucket `bucket`.
 * @param shared a folder that every job sees at the same path
 */
export async function startMotoBatch(bed: ContainerBed, shared: string): Promise<MotoBatch> {
  await using stack = new AsyncDisposableStack();
  const engine = stack.use(await startJobEngine(bed.dockerHost, shared));
  const variables = {
    DOCKER_HOST: engine.host,
    MOTO_DOCKER_NETWORK_MODE: "host",
    MOTO_IAM_LOAD_MANAGED_POLICIES: "true",
  };
  const moto = stack.use(await startMoto({ buckets: ["bucket"], region: "us-east-1", variables }));
  const batch = stack.use(await startBatchRepairs(moto.endpoint));
  const client = new BatchClient({
    endpoint: batch.endpoint,
    region: "us-east-1",
    credentials: { accessKeyId: "testing", secretAccessKey: "testing" },
  });
  stack.defer(() => client.destroy());
  const computeEnvironmentName = "machines";
  // moto checks that the service role is there.
  await queryAws(moto.endpoint, "iam", {
    Action: "CreateRole",
    RoleName: "containers",
    AssumeRolePolicyDocument: "{}",
  });
  await client.send(
    new CreateComputeEnvironmentCommand({
      computeEnvironmentName,
      type: "UNMANAGED",
      state: "ENABLED",
      serviceRole: ROLE,
    }),
  );
  const computeEnvironmentOrder = [{ order: 1, computeEnvironment: computeEnvironmentName }];
  await client.send(
    new CreateJobQueueCommand({ jobQueueName: "queue", state: "ENABLED", priority: 1, computeEnvironmentOrder }),
  );
  const { containerProperties, parameters } = PROVISIONED as {
    containerProperties: { command: string[] };
    parameters: Record<string, string>;
  };
  const { runner: job, nodeRunner } = bed.images;
  for (const [jobDefinitionName, image] of Object.entries({ job, "node-job": nodeRunner })) {
    await client.send(
      new RegisterJobDefinitionCommand({
        jobDefinitionName,
        type: "container",
        parameters,
        containerProperties: {
          image,
          command: containerProperties.command,
          vcpus: 1,
          memory: 512,
          environment: Object.entries(moto.env).map(([name, value]) => ({ name, value })),
        },
      }),
    );
  }
  const owned = stack.move();
  return {
    moto,
    env: { ...moto.env, AWS_ENDPOINT_URL_BATCH: batch.endpoint },
    engine,
    async unfinished() {
      const names: string[] = [];
      for (const jobStatus of STATES) {
        const { jobSummaryList = [] } = await client.send(new ListJobsCommand({ jobQueue: "queue", jobStatus }));
        names.push(...jobSummaryList.map(({ jobName, jobId }) => `${jobName} ${jobId} ${jobStatus}`));
      }
      return names;
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}
