import { type AbortOptions, AdapterError } from "@scaler-aws-hpc/adapter-core";
import type { OpenJob } from "../account/batch.ts";
import { StackDriver } from "../stacks/stack-driver.ts";
import type { StackResource } from "../stacks/stack-service.ts";
import { stackState } from "../stacks/stack-state.ts";
import type { WatchTools } from "../stacks/stack-watch.ts";
import { resourceNames } from "../templates/resource-names.ts";
import { bareSettings, type Deployment } from "./deployment.ts";
import { definitionName, findLeftBehind, findLeftovers, type Leftover } from "./leftovers.ts";

/** How a `destroy` goes about it. */
export interface DestroyTools extends Omit<WatchTools, "service"> {
  /** Stop jobs that are not over; without it they are in the way. */
  readonly terminateJobs: boolean;
  /** Wait for operations that are under way instead of refusing. */
  readonly wait: boolean;
}

/** What a `destroy` would take, and what is in its way. */
export interface Doomed {
  readonly base: readonly StackResource[];
  readonly compute: readonly StackResource[];
  /** Jobs that are not over. */
  readonly jobs: readonly OpenJob[];
}

/** What came of it. */
export interface Destroyed {
  readonly objects: number;
  readonly images: number;
  readonly jobs: number;
  /** What is still there. */
  readonly leftovers: readonly Leftover[];
}

/** Looks at what there is. Only reads. */
export async function findDoomed(deployment: Deployment, options: AbortOptions = {}): Promise<Doomed> {
  const { account, base, compute } = deployment;
  const resourcesOf = async (stack: Deployment["base"]): Promise<readonly StackResource[]> =>
    stack === undefined || stackState(stack.status) === "reviewed"
      ? []
      : await account.stacks.resources(stack.id, options);
  const [inBase, inCompute] = [await resourcesOf(base), await resourcesOf(compute)];
  const jobs: OpenJob[] = [];
  for (const queue of idsOf(inCompute, "AWS::Batch::JobQueue"))
    jobs.push(...(await account.batch.openJobs(queue, options)));
  return { base: inBase, compute: inCompute, jobs };
}

/** Refuses to destroy what still works. @throws {AdapterError} `conflict` */
export function assertIdle({ jobs }: Doomed, { name, commands }: Deployment): void {
  if (jobs.length === 0) return;
  const shown = jobs.slice(0, 5).map(({ name, status }) => `${name} (${status})`);
  const more = jobs.length > shown.length ? ` and ${jobs.length - shown.length} more` : "";
  const text = `${name} has ${jobs.length} ${jobs.length === 1 ? "job" : "jobs"} that are not over: ${shown.join(", ")}${more}; nothing was touched; stop the manager and wait, or stop them with \`${commands.destroy} --terminate-jobs\``;
  throw new AdapterError("conflict", text);
}

// Ending a container takes 30 s at most after SIGTERM; starting ones have to start first.
const JOB_LOOKS = 150;

/**
 * Removes a deployment: jobs where that is wished, the compute stack, objects and images, the base stack. Whatever ends it, the same call goes on
 * from there.
 *
 * @throws {AdapterError} `conflict` while jobs run or a stack is busy; `denied`, `rejected`
 */
export async function destroyDeployment(
  deployment: Deployment,
  doomed: Doomed,
  tools: DestroyTools,
  options: AbortOptions = {},
): Promise<Destroyed> {
  const { account, stackNames, name, commands } = deployment;
  const { terminateJobs, wait, ...watch } = tools;
  const { say } = watch;
  const driver = new StackDriver({ ...watch, service: account.stacks }, commands);
  if (!terminateJobs) assertIdle(doomed, deployment);
  // Both, before anything is touched: while one is being changed the other is needed.
  for (const stack of [stackNames.base, stackNames.compute]) await driver.removable(stack, name, { ...options, wait });
  if (doomed.jobs.length > 0) await endJobs(deployment, doomed, watch, options);
  const current = idsOf(doomed.compute, "AWS::Batch::JobDefinition");
  // An update leaves earlier revisions to the jobs that were made of them. Only the stack tells their name, so they go before it does.
  await deregister(deployment, current, current, say, options);
  const kept = [...(await driver.remove(stackNames.compute, name, { ...options, wait }))];
  await deregister(deployment, current, [], say, options);
  let objects = 0;
  for (const bucket of idsOf(doomed.base, "AWS::S3::Bucket")) {
    if ((await account.buckets.owner(bucket, options)) !== "account") continue;
    objects += await account.buckets.empty(bucket, options);
    say(`deleted ${objects} objects in ${bucket}`);
  }
  let images = 0;
  for (const repository of idsOf(doomed.base, "AWS::ECR::Repository")) {
    images += await account.repositories.empty(repository, options);
    say(`deleted ${images} images in ${repository}`);
  }
  kept.push(...(await driver.remove(stackNames.base, name, { ...options, wait })));
  const gone = [...doomed.base, ...doomed.compute];
  const leftovers = [
    ...(await findLeftovers(account, gone, kept, options)),
    ...(await findLeftBehind(deployment, options)),
  ];
  return { objects, images, jobs: doomed.jobs.length, leftovers };
}

/** Takes back the revisions of these definitions, but for some. */
async function deregister(
  { account: { batch } }: Deployment,
  definitions: readonly string[],
  but: readonly string[],
  say: (line: string) => void,
  options: AbortOptions,
): Promise<void> {
  for (const definition of new Set(definitions.map(definitionName))) {
    const revisions = (await batch.activeDefinitions(definition, options)).filter((arn) => !but.includes(arn));
    for (const arn of revisions) await batch.deregister(arn, options);
    if (revisions.length > 0) say(`deregistered ${revisions.length} revisions of ${definition}`);
  }
}

async function endJobs(
  deployment: Deployment,
  { jobs, compute }: Doomed,
  { say, pause, pollMs }: Omit<WatchTools, "service">,
  options: AbortOptions,
): Promise<void> {
  const { batch } = deployment.account;
  say(`stopping ${jobs.length} jobs`);
  for (const { id } of jobs) await batch.terminate(id, "the deployment is destroyed", options);
  for (let look = 0; look < JOB_LOOKS; look++) {
    let open = 0;
    for (const queue of idsOf(compute, "AWS::Batch::JobQueue")) open += (await batch.openJobs(queue, options)).length;
    if (open === 0) return;
    await pause(pollMs, options);
  }
  throw new AdapterError(
    "unavailable",
    `jobs of ${deployment.name} did not end in time; nothing was deleted; go on with \`${deployment.commands.destroy} --terminate-jobs\``,
  );
}

/** What there is under the names of a deployment without stacks: never touched, because nothing says whose it is. */
export async function findNamesakes(
  { account, name }: Deployment,
  options: AbortOptions = {},
): Promise<readonly Leftover[]> {
  const settings = bareSettings(account, name);
  const { queue, definition, nodeDefinition } = resourceNames(settings);
  const named = { logicalId: "", status: "", statusReason: undefined };
  const possible: readonly StackResource[] = [
    { ...named, type: "AWS::Batch::JobQueue", physicalId: queue },
    { ...named, type: "AWS::Batch::JobDefinition", physicalId: definition },
    { ...named, type: "AWS::Batch::JobDefinition", physicalId: nodeDefinition },
    { ...named, type: "AWS::S3::Bucket", physicalId: settings.bucket },
    { ...named, type: "AWS::ECR::Repository", physicalId: settings.repository },
  ];
  const found = await findLeftovers(account, possible, [], options);
  return found.map((one) => ({ ...one, why: "it has a name of this deployment, and no stack holds it; left alone" }));
}

const idsOf = (resources: readonly StackResource[], wanted: string): readonly string[] =>
  resources.flatMap(({ type, physicalId, status }) =>
    type === wanted && physicalId !== undefined && status !== "DELETE_COMPLETE" ? [physicalId] : [],
  );
