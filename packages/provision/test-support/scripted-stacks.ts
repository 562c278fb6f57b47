import type { AbortOptions } from "@scaler-aws-hpc/adapter-core";
import { AdapterError } from "@scaler-aws-hpc/adapter-core";
import { fromAws } from "../src/aws/aws-failure.ts";
import type {
  ChangeSetDetail,
  ChangeSetRequest,
  StackDetail,
  StackEvent,
  StackResource,
  StackService,
} from "../src/stacks/stack-service.ts";
import type { Template } from "../src/templates/template.ts";

/** What goes otherwise than well with one stack. */
export interface StackScript {
  /** Making or updating it fails at this resource, for this reason; what was done is undone. */
  readonly failAt?: { readonly logicalId: string; readonly reason: string };
  /** Undoing fails too. */
  readonly rollbackFails?: true;
  /** Resource that cannot be deleted, and why. */
  readonly undeletable?: { readonly logicalId: string; readonly reason: string };
  /** An empty change set: fails by its status, with the other of the two texts, or the call itself fails. @default "status" */
  readonly empty?: "status" | "other-text" | "call";
  /** Looks that an operation takes. @default 2 */
  readonly looks?: number;
}

interface Held {
  detail: StackDetail;
  template: Template | undefined;
  resources: StackResource[];
  events: StackEvent[];
  /** What happens when no more looks remain. */
  operation: { remaining: number; readonly end: () => void } | undefined;
}

/** CloudFormation in memory, with what moto lacks: empty change sets that fail, rollbacks, deletes that fail, operations that take time. */
export class ScriptedStacks implements StackService {
  readonly calls: string[] = [];
  /** By name of the stack. */
  readonly scripts = new Map<string, StackScript>();
  /** Calls that are denied, as `CreateChangeSet`. */
  readonly denied = new Set<string>();
  /** Runs before each call. */
  before: (call: string, stack: string) => void = () => undefined;
  readonly #held = new Map<string, Held>();
  readonly #changeSets = new Map<string, ChangeSetRequest>();
  #serial = 0;

  /** Puts a stack there as if it had been made in some way. */
  put(
    name: string,
    status: string,
    tags: Readonly<Record<string, string>>,
    resources: readonly StackResource[] = [],
  ): void {
    this.#held.set(name, {
      detail: { name, id: `arn:${name}`, status, statusReason: undefined, tags, changedAt: new Date(0) },
      template: undefined,
      resources: [...resources],
      events: [],
      operation: undefined,
    });
  }

  /** Status of a stack, without a call. */
  statusOf(name: string): string | undefined {
    return this.#find(name)?.detail.status;
  }

  /** Lets the operation that is under way end now. */
  finish(name: string): void {
    this.#find(name)?.operation?.end();
  }

  /** Calls that change something. */
  get mutations(): readonly string[] {
    return this.calls.filter((call) => /^(?:Create|Execute|Delete)/.test(call));
  }

  async describe(stack: string, options?: AbortOptions): Promise<StackDetail | undefined> {
    this.#call("DescribeStacks", stack, options);
    const held = this.#find(stack);
    const { operation } = held ?? {};
    if (operation !== undefined && --operation.remaining <= 0) operation.end();
    const found = this.#find(stack) ?? (held?.detail.status === "DELETE_COMPLETE" ? held : undefined);
    return found?.detail;
  }

  async template(stack: string, options?: AbortOptions): Promise<string> {
    this.#call("GetTemplate", stack, options);
    return JSON.stringify(this.#get(stack).template ?? { Resources: {} });
  }

  async resources(stack: string, options?: AbortOptions): Promise<readonly StackResource[]> {
    this.#call("ListStackResources", stack, options);
    return this.#get(stack).resources;
  }

  async events(stack: string, until: string | undefined, options?: AbortOptions): Promise<readonly StackEvent[]> {
    this.#call("DescribeStackEvents", stack, options);
    const { events } = this.#get(stack);
    const known = events.findIndex(({ id }) => id === until);
    return known < 0 ? events : events.slice(0, known);
  }

  async createChangeSet(request: ChangeSetRequest, options?: AbortOptions): Promise<void> {
    this.#call("CreateChangeSet", request.stack, options);
    const held = this.#find(request.stack);
    if (held?.operation !== undefined) this.#busy(held);
    if (held === undefined) this.put(request.stack, "REVIEW_IN_PROGRESS", {});
    if (this.#isEmpty(request) && this.scripts.get(request.stack)?.empty === "call") {
      throw new AdapterError("rejected", `stack ${request.stack}: ValidationError: No updates are to be performed.`);
    }
    this.#changeSets.set(request.changeSet, request);
  }

  async changeSet(stack: string, changeSet: string, options?: AbortOptions): Promise<ChangeSetDetail> {
    this.#call("DescribeChangeSet", stack, options);
    const request = this.#changeSets.get(changeSet);
    if (request === undefined) throw new AdapterError("missing", `no change set ${changeSet}`);
    if (!this.#isEmpty(request)) return { status: "CREATE_COMPLETE", reason: undefined };
    const reason =
      this.scripts.get(stack)?.empty === "other-text"
        ? "No updates are to be performed."
        : "The submitted information didn't contain changes. Submit different information to create a change set.";
    return { status: "FAILED", reason };
  }

  async changeSets(stack: string, options?: AbortOptions): Promise<readonly string[]> {
    this.#call("ListChangeSets", stack, options);
    const name = stack.replace(/^arn:/, "");
    return [...this.#changeSets].flatMap(([changeSet, request]) => (request.stack === name ? [changeSet] : []));
  }

  async executeChangeSet(stack: string, changeSet: string, options?: AbortOptions): Promise<void> {
    this.#call("ExecuteChangeSet", stack, options);
    const held = this.#get(stack);
    const request = this.#changeSets.get(changeSet);
    if (request === undefined) throw new AdapterError("missing", `no change set ${changeSet}`);
    if (held.operation !== undefined) this.#busy(held);
    const verb = request.kind === "create" ? "CREATE" : "UPDATE";
    const script = this.scripts.get(stack) ?? {};
    held.detail = { ...held.detail, status: `${verb}_IN_PROGRESS`, tags: request.tags };
    this.#happens(held, { ...stackItself(held), status: `${verb}_IN_PROGRESS` });
    const end = (): void => {
      const { failAt } = script;
      const wanted = Object.entries(request.template.Resources).map(([logicalId, { Type: type }]) => ({
        logicalId,
        physicalId: `${stack}-${logicalId}`,
        type,
        status: `${verb}_COMPLETE`,
        statusReason: undefined,
      }));
      if (failAt === undefined) {
        for (const resource of wanted) this.#happens(held, resource);
        held.resources = wanted;
        held.template = request.template;
        this.#over(held, `${verb}_COMPLETE`);
        return;
      }
      const [failed] = wanted.filter(({ logicalId }) => logicalId === failAt.logicalId);
      if (failed) this.#happens(held, { ...failed, status: `${verb}_FAILED`, statusReason: failAt.reason });
      if (verb === "CREATE") held.resources = wanted.map((one) => ({ ...one, status: "DELETE_COMPLETE" }));
      const rolledBack = verb === "CREATE" ? "ROLLBACK" : "UPDATE_ROLLBACK";
      if (script.rollbackFails && verb === "CREATE") held.resources = wanted;
      this.#over(held, `${rolledBack}_${script.rollbackFails ? "FAILED" : "COMPLETE"}`);
    };
    held.operation = { remaining: script.looks ?? 2, end };
  }

  async deleteChangeSet(stack: string, changeSet: string, options?: AbortOptions): Promise<void> {
    this.#call("DeleteChangeSet", stack, options);
    this.#changeSets.delete(changeSet);
  }

  async deleteStack(stack: string, options?: AbortOptions): Promise<void> {
    this.#call("DeleteStack", stack, options);
    const held = this.#get(stack);
    const script = this.scripts.get(held.detail.name) ?? {};
    if (held.detail.status === "REVIEW_IN_PROGRESS") return void this.#held.delete(held.detail.name);
    held.detail = { ...held.detail, status: "DELETE_IN_PROGRESS" };
    const end = (): void => {
      const { undeletable } = script;
      held.resources = held.resources.map((one) =>
        one.logicalId === undeletable?.logicalId
          ? { ...one, status: "DELETE_FAILED" }
          : { ...one, status: "DELETE_COMPLETE" },
      );
      for (const one of held.resources) {
        const statusReason = one.status === "DELETE_FAILED" ? undeletable?.reason : undefined;
        this.#happens(held, { ...one, statusReason });
      }
      this.#over(held, undeletable === undefined ? "DELETE_COMPLETE" : "DELETE_FAILED");
    };
    held.operation = { remaining: script.looks ?? 2, end };
  }

  #call(name: string, stack: string, options: AbortOptions | undefined): void {
    options?.signal?.throwIfAborted();
    this.calls.push(`${name} ${stack.replace(/^arn:/, "")}`);
    this.before(name, stack);
    if (!this.denied.has(name)) return;
    const said = `User: arn:aws:iam::1:user/x is not authorized to perform: cloudformation:${name} on resource: *`;
    throw fromAws(Object.assign(new Error(said), { name: "AccessDenied" }), `cloudformation:${name}`, `stack ${stack}`);
  }

  /** By name only what is not deleted, by ARN always: as CloudFormation does. */
  #find(stack: string): Held | undefined {
    const held = this.#held.get(stack.replace(/^arn:/, ""));
    return held?.detail.status === "DELETE_COMPLETE" && !stack.startsWith("arn:") ? undefined : held;
  }

  #get(stack: string): Held {
    const held = this.#find(stack);
    if (held === undefined) throw new AdapterError("missing", `Stack with id ${stack} does not exist`);
    return held;
  }

  #isEmpty(request: ChangeSetRequest): boolean {
    const { template } = this.#get(request.stack);
    return JSON.stringify(template?.Resources) === JSON.stringify(request.template.Resources);
  }

  #busy({ detail }: Held): never {
    throw new AdapterError("conflict", `Stack:${detail.id} is in ${detail.status} state and can not be updated.`);
  }

  #over(held: Held, status: string): void {
    held.operation = undefined;
    held.detail = { ...held.detail, status };
    this.#happens(held, { ...stackItself(held), status });
  }

  #happens(held: Held, resource: StackResource): void {
    held.events.unshift({ ...resource, id: `event-${this.#serial++}` });
  }
}

const stackItself = ({ detail }: Held): StackResource => ({
  logicalId: detail.name,
  physicalId: detail.id,
  type: "AWS::CloudFormation::Stack",
  status: detail.status,
  statusReason: undefined,
});
