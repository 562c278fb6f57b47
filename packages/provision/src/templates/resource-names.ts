import type { ProvisionSettings } from "../settings/provision-settings.ts";

/** Names of what a deployment consists of. What is not here has the name that AWS gives it, so that it can be replaced. */
export interface ResourceNames {
  readonly baseStack: string;
  readonly computeStack: string;
  readonly jobRole: string;
  readonly executionRole: string;
  readonly instanceRole: string;
  /** Of the same name as its role. */
  readonly instanceProfile: string;
  readonly managerPolicy: string;
  readonly logGroup: string;
  /** Job queue, and job definition of the Python runner: one name for both. */
  readonly queue: string;
  readonly definition: string;
  /** As {@link queue} and {@link definition}, for jobs with GPUs; made only where settings ask for them. */
  readonly gpuQueue: string;
  readonly gpuDefinition: string;
  /** Of the Node runner; made only where settings ask for it. */
  readonly nodeDefinition: string;
}

/**
 * Names by deployment. Parts are joined with an underscore wherever AWS takes one: a deployment's name has none, so that no name of one deployment is
 * a name of another's. Roles belong to the account, so their names say the region; queues and definitions say what cannot be changed in them.
 */
export function resourceNames(settings: ProvisionSettings): ResourceNames {
  const { deployment, region, compute, architecture } = settings;
  const role = `${deployment}_${region}`;
  // A queue cannot go from EC2 to Fargate, nor to another architecture: another one takes its place instead.
  const kind = [
    deployment,
    ...(compute === "fargate" ? ["fargate"] : []),
    ...(architecture === "arm64" ? ["arm64"] : []),
  ].join("_");
  return {
    baseStack: `${deployment}-base`,
    computeStack: `${deployment}-compute`,
    jobRole: `${role}_job`,
    executionRole: `${role}_execution`,
    instanceRole: `${role}_instance`,
    instanceProfile: `${role}_instance`,
    managerPolicy: `${role}_manager`,
    logGroup: `/scaler-aws-hpc/${deployment}`,
    queue: kind,
    definition: kind,
    gpuQueue: `${deployment}_gpu`,
    gpuDefinition: `${deployment}_gpu`,
    nodeDefinition: `${kind}_node`,
  };
}
