import type { ProvisionSettings } from "../../settings/provision-settings.ts";
import { tagMap } from "../tags.ts";
import type { Resource } from "../template.ts";

/** A queue that tries environments, given by logical id, in this order. */
export function jobQueue(settings: ProvisionSettings, name: string, environments: readonly string[]): Resource {
  return {
    Type: "AWS::Batch::JobQueue",
    Properties: {
      JobQueueName: name,
      State: "ENABLED",
      Priority: 1,
      ComputeEnvironmentOrder: environments.map((id, at) => ({ Order: at + 1, ComputeEnvironment: { Ref: id } })),
      Tags: tagMap(settings),
    },
  };
}
