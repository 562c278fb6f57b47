import type { JobSize, ProvisionSettings } from "../../settings/provision-settings.ts";
import { deploymentArns } from "../arns.ts";
import { resourceNames } from "../resource-names.ts";
import { tagMap } from "../tags.ts";
import type { Json, Resource } from "../template.ts";

/** The six parameters of the Python original, in its order: whichever manager knows them can use a definition. `none` means absent. */
const JOB_PARAMETERS = ["task_id", "payload", "compressed", "s3_bucket", "s3_prefix", "s3_key"] as const;

/** What a definition is for: the same for every runner. */
export interface DefinitionOrder extends JobSize {
  readonly name: string;
  readonly image: string;
  /** 0 for none. */
  readonly gpus: number;
}

// The same as the manager sends with every job; here for those who submit by hand. Host and Spot losses and containers that did not start are tried again, errors are not.
const RETRY = {
  Attempts: 3,
  EvaluateOnExit: [
    { OnStatusReason: "Host EC2*", Action: "RETRY" },
    { OnStatusReason: "Your Spot Task was interrupted*", Action: "RETRY" },
    { OnStatusReason: "Task failed to start*", Action: "RETRY" },
    { OnReason: "CannotInspectContainerError*", Action: "RETRY" },
    { OnReason: "*", Action: "EXIT" },
  ],
};

// That of our images, and nobody's on the machines: whatever an image says, its jobs are not root, who alone may ask a machine for its credentials.
const USER = "10001:10001";

/**
 * A job definition of one runner. A change makes a new revision, and the old one stays active: a manager that runs submits by revision until it is started again, and
 * CloudFormation would take that from under it. Deleting the stack deregisters the last revision alone, so whoever does it is to deregister the others.
 *
 * Jobs are not root, and write nowhere but to memory at `/tmp` and `/dev/shm`; on Fargate, which has no such file systems, to an empty volume at `/tmp`, whose owner is who owns
 * the directory in the image if that declares `VOLUME /tmp`. Batch has no setting that drops capabilities; without root there are none in effect.
 */
export function jobDefinition(settings: ProvisionSettings, order: DefinitionOrder): Resource {
  const { compute, jobTimeoutMinutes } = settings;
  return {
    Type: "AWS::Batch::JobDefinition",
    DeletionPolicy: "Delete",
    UpdateReplacePolicy: "Retain",
    Properties: {
      JobDefinitionName: order.name,
      Type: "container",
      PlatformCapabilities: [compute === "fargate" ? "FARGATE" : "EC2"],
      Parameters: Object.fromEntries(JOB_PARAMETERS.map((name) => [name, name === "compressed" ? "0" : "none"])),
      ResourceRetentionPolicy: { SkipDeregisterOnUpdate: true },
      RetryStrategy: RETRY,
      Timeout: { AttemptDurationSeconds: jobTimeoutMinutes * 60 },
      PropagateTags: true,
      ContainerProperties: container(settings, order),
      Tags: tagMap(settings),
    },
  };
}

function container(settings: ProvisionSettings, { image, vcpus, memoryMiB, gpus }: DefinitionOrder): Json {
  const { jobRole, executionRole } = deploymentArns(settings);
  const needs = [
    { Type: "VCPU", Value: String(vcpus) },
    { Type: "MEMORY", Value: String(memoryMiB) },
    ...(gpus > 0 ? [{ Type: "GPU", Value: String(gpus) }] : []),
  ];
  return {
    Image: image,
    Command: JOB_PARAMETERS.flatMap((name) => [`--${name}`, `Ref::${name}`]),
    JobRoleArn: jobRole,
    ExecutionRoleArn: executionRole,
    ResourceRequirements: needs,
    User: USER,
    ReadonlyRootFilesystem: true,
    // Libraries keep caches at home, and the user has none.
    Environment: [{ Name: "HOME", Value: "/tmp" }],
    LogConfiguration: logging(settings),
    ...(settings.compute === "fargate" ? onFargate(settings) : onMachines(settings)),
  };
}

function logging(settings: ProvisionSettings): Json {
  return {
    LogDriver: "awslogs",
    Options: {
      "awslogs-group": resourceNames(settings).logGroup,
      "awslogs-region": settings.region,
      "awslogs-stream-prefix": "job",
    },
  };
}

function onMachines({ tmpMiB }: ProvisionSettings): Record<string, Json> {
  return {
    Privileged: false,
    LinuxParameters: {
      InitProcessEnabled: true,
      SharedMemorySize: tmpMiB,
      // Code that is compiled at run time is loaded from here.
      Tmpfs: [{ ContainerPath: "/tmp", Size: tmpMiB, MountOptions: ["rw", "exec", "nosuid", "nodev"] }],
    },
  };
}

function onFargate({ assignPublicIp, architecture }: ProvisionSettings): Record<string, Json> {
  return {
    LinuxParameters: { InitProcessEnabled: true },
    NetworkConfiguration: { AssignPublicIp: assignPublicIp ? "ENABLED" : "DISABLED" },
    RuntimePlatform: {
      OperatingSystemFamily: "LINUX",
      CpuArchitecture: architecture === "arm64" ? "ARM64" : "X86_64",
    },
    Volumes: [{ Name: "tmp", Host: {} }],
    MountPoints: [{ SourceVolume: "tmp", ContainerPath: "/tmp", ReadOnly: false }],
  };
}
