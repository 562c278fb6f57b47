import type * as Sdk from "@aws-sdk/client-cloudformation";
import { type AbortOptions, isAdapterError } from "@scaler-aws-hpc/adapter-core";
import { clientOptions, type Sending } from "../aws/sdk-options.ts";
import { SdkService } from "../aws/sdk-service.ts";
import type {
  ChangeSetDetail,
  ChangeSetRequest,
  StackDetail,
  StackEvent,
  StackResource,
  StackService,
} from "./stack-service.ts";

/** Loads the SDK, not before it is needed, and opens a client. */
export async function openStackService(region: string): Promise<StackService & Disposable> {
  const sdk = await import("@aws-sdk/client-cloudformation");
  return new SdkStackService(sdk, new sdk.CloudFormationClient(clientOptions(region)));
}

class SdkStackService extends SdkService<typeof Sdk, Sdk.CloudFormationClient> implements StackService {
  async describe(stack: string, options: AbortOptions = {}): Promise<StackDetail | undefined> {
    const command = new this.sdk.DescribeStacksCommand({ StackName: stack });
    try {
      const sent = (more: Sending) => this.client.send(command, more);
      const { Stacks: [found] = [] } = await this.#ask("DescribeStacks", stack, options, sent);
      return found === undefined ? undefined : detailOf(stack, found);
    } catch (reason) {
      if (isAdapterError(reason) && reason.code === "missing") return undefined;
      throw reason;
    }
  }

  async template(stack: string, options: AbortOptions = {}): Promise<string> {
    const command = new this.sdk.GetTemplateCommand({ StackName: stack, TemplateStage: "Original" });
    const sent = (more: Sending) => this.client.send(command, more);
    return (await this.#ask("GetTemplate", stack, options, sent)).TemplateBody ?? "";
  }

  async resources(stack: string, options: AbortOptions = {}): Promise<readonly StackResource[]> {
    const found: StackResource[] = [];
    let next: string | undefined;
    do {
      const command = new this.sdk.ListStackResourcesCommand({ StackName: stack, ...(next && { NextToken: next }) });
      const sent = (more: Sending) => this.client.send(command, more);
      const page = await this.#ask("ListStackResources", stack, options, sent);
      // moto lists a bucket's policy without any name.
      found.push(...(page.StackResourceSummaries ?? []).map(resourceOf).filter(({ logicalId }) => logicalId !== ""));
      next = page.NextToken;
    } while (next !== undefined);
    return found;
  }

  async events(stack: string, until: string | undefined, options: AbortOptions = {}): Promise<readonly StackEvent[]> {
    const found: StackEvent[] = [];
    let next: string | undefined;
    do {
      const command = new this.sdk.DescribeStackEventsCommand({ StackName: stack, ...(next && { NextToken: next }) });
      const sent = (more: Sending) => this.client.send(command, more);
      const page = await this.#ask("DescribeStackEvents", stack, options, sent);
      for (const event of page.StackEvents ?? []) {
        if (event.EventId === until) return found;
        found.push({ ...resourceOf(event), id: event.EventId ?? "" });
      }
      next = until === undefined ? undefined : page.NextToken;
    } while (next !== undefined);
    return found;
  }

  async createChangeSet(request: ChangeSetRequest, options: AbortOptions = {}): Promise<void> {
    const { stack, changeSet, kind, template, tags } = request;
    const command = new this.sdk.CreateChangeSetCommand({
      StackName: stack,
      ChangeSetName: changeSet,
      ChangeSetType: kind === "create" ? "CREATE" : "UPDATE",
      TemplateBody: JSON.stringify(template),
      // Roles, profile and policies have names of ours.
      Capabilities: ["CAPABILITY_NAMED_IAM"],
      Tags: Object.entries(tags).map(([Key, Value]) => ({ Key, Value })),
    });
    await this.#ask("CreateChangeSet", stack, options, async (more) => {
      try {
        await this.client.send(command, more);
      } catch (reason) {
        // An earlier try of this very call got through, and only its answer was lost: nobody else has this name.
        if (!(reason instanceof Error && reason.name === "AlreadyExistsException")) throw reason;
      }
    });
  }

  async changeSet(stack: string, changeSet: string, options: AbortOptions = {}): Promise<ChangeSetDetail> {
    const command = new this.sdk.DescribeChangeSetCommand({ StackName: stack, ChangeSetName: changeSet });
    const sent = (more: Sending) => this.client.send(command, more);
    const { Status: status = "FAILED", StatusReason: reason } = await this.#ask(
      "DescribeChangeSet",
      stack,
      options,
      sent,
    );
    return { status, reason };
  }

  async changeSets(stack: string, options: AbortOptions = {}): Promise<readonly string[]> {
    const command = new this.sdk.ListChangeSetsCommand({ StackName: stack });
    const sent = (more: Sending) => this.client.send(command, more);
    // The first page holds more than anybody makes.
    const { Summaries = [] } = await this.#ask("ListChangeSets", stack, options, sent);
    return Summaries.flatMap(({ ChangeSetName }) => (ChangeSetName === undefined ? [] : [ChangeSetName]));
  }

  async executeChangeSet(stack: string, changeSet: string, options: AbortOptions = {}): Promise<void> {
    const command = new this.sdk.ExecuteChangeSetCommand({
      StackName: stack,
      ChangeSetName: changeSet,
      // A repeated call is then the same one: it must not find its own execution under way.
      ClientRequestToken: changeSet,
    });
    await this.#ask("ExecuteChangeSet", stack, options, (more) => this.client.send(command, more));
  }

  async deleteChangeSet(stack: string, changeSet: string, options: AbortOptions = {}): Promise<void> {
    const command = new this.sdk.DeleteChangeSetCommand({ StackName: stack, ChangeSetName: changeSet });
    await this.#ask("DeleteChangeSet", stack, options, (more) => this.client.send(command, more));
  }

  async deleteStack(stack: string, options: AbortOptions = {}): Promise<void> {
    const command = new this.sdk.DeleteStackCommand({ StackName: stack });
    await this.#ask("DeleteStack", stack, options, (more) => this.client.send(command, more));
  }

  #ask<T>(name: string, stack: string, options: AbortOptions, send: (more: Sending) => Promise<T>): Promise<T> {
    return this.call(`cloudformation:${name}`, `stack ${stack}`, options, send);
  }
}

function detailOf(stack: string, found: Sdk.Stack): StackDetail {
  const tags = (found.Tags ?? []).map(({ Key = "", Value = "" }) => [Key, Value] as const);
  return {
    name: found.StackName ?? stack,
    id: found.StackId ?? stack,
    status: found.StackStatus ?? "",
    statusReason: found.StackStatusReason,
    tags: Object.fromEntries(tags),
    changedAt: found.LastUpdatedTime ?? found.CreationTime,
  };
}

const resourceOf = (found: Sdk.StackResourceSummary | Sdk.StackEvent): StackResource => ({
  logicalId: found.LogicalResourceId ?? "",
  physicalId: found.PhysicalResourceId || undefined,
  type: found.ResourceType ?? "",
  status: found.ResourceStatus ?? "",
  statusReason: found.ResourceStatusReason,
});
