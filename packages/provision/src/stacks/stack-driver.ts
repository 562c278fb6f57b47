import { randomBytes } from "node:crypto";
import { type AbortOptions, AdapterError, isAdapterError } from "@scaler-aws-hpc/adapter-core";
import { DEPLOYMENT_TAG } from "../templates/tags.ts";
import type { Template } from "../templates/template.ts";
import { stackFailure } from "./stack-failure.ts";
import { assertOurs, heldResources, heldText, type NextCommands, refusal } from "./stack-refusal.ts";
import type { StackDetail, StackResource } from "./stack-service.ts";
import { stackState, succeeded } from "./stack-state.ts";
import { newestEvent, type WatchTools, watchStack } from "./stack-watch.ts";

/** What a stack should be. */
export interface StackOrder {
  readonly name: string;
  readonly deployment: string;
  readonly template: Template;
  /** Wait for an operation that is under way instead of refusing. */
  readonly wait: boolean;
}

/** What became of it. */
export interface StackOutcome {
  readonly name: string;
  readonly action: "created" | "updated" | "unchanged";
  readonly resources: readonly StackResource[];
}

/** What the names of our change sets begin with: before its first one has run a stack says nothing else of whose it is. */
export const CHANGE_SET = "scaler-aws-hpc-";

/** How long CloudFormation may think about a change set, in looks. */
const CHANGE_SET_LOOKS = 300;

/** What CloudFormation says of a change set without a change, which fails. */
const EMPTY = /didn't contain changes|No updates are to be performed/i;

/** Brings stacks to what they should be, by change sets; the same order again changes nothing. */
export class StackDriver {
  readonly #tools: WatchTools;
  readonly #commands: NextCommands;

  constructor(tools: WatchTools, commands: NextCommands) {
    this.#tools = tools;
    this.#commands = commands;
  }

  /**
   * Makes or updates a stack and follows it to its end. When aborted before CloudFormation began, what was prepared is taken back; afterwards
   * AWS goes on by itself, and the same call later takes up from there.
   *
   * @throws {AdapterError} `conflict` for a stack that is not ours, busy or in a failed state; `denied`, `rejected` with the first cause
   */
  async apply(order: StackOrder, options: AbortOptions = {}): Promise<StackOutcome> {
    const { service } = this.#tools;
    const { name } = order;
    const existing = await this.#usable(order, options);
    const kind = existing === undefined || stackState(existing.status) === "reviewed" ? "create" : "update";
    const changeSet = `${CHANGE_SET}${randomBytes(8).toString("hex")}`;
    const before = existing === undefined ? undefined : await newestEvent(service, existing.id, options);
    try {
      if (!(await this.#prepare(order, kind, changeSet, options))) {
        await this.#forget(name, changeSet, existing === undefined);
        return { name, action: "unchanged", resources: await service.resources(name, options) };
      }
      options.signal?.throwIfAborted();
    } catch (reason) {
      await this.#forget(name, changeSet, existing === undefined);
      throw reason;
    }
    await this.#execute(name, changeSet, existing === undefined, options);
    const stack = (await service.describe(name, options))?.id ?? name;
    const end = await watchStack(this.#tools, stack, before, options);
    const resources = end.stack === undefined ? [] : await service.resources(stack, options);
    if (end.stack !== undefined && succeeded(end.stack.status)) {
      return { name, action: kind === "create" ? "created" : "updated", resources };
    }
    throw stackFailure(name, end, resources, this.#commands);
  }

  /**
   * A stack that may be deleted now; `undefined` when there is none.
   * @param options with `wait` an operation that is under way is waited for
   * @throws {AdapterError} `conflict` for a stack that is not ours or busy
   */
  async removable(
    name: string,
    deployment: string,
    options: AbortOptions & { readonly wait?: boolean } = {},
  ): Promise<StackDetail | undefined> {
    const { service, say } = this.#tools;
    let stack = await service.describe(name, options);
    let state = stackState(stack?.status);
    if (stack === undefined || state === "absent") return undefined;
    assertOurs(stack, deployment, state);
    if (state === "busy" && options.wait === true) {
      say(`stack ${name} is ${stack.status}: waiting for it`);
      ({ stack } = await watchStack(this.#tools, stack.id, await newestEvent(service, stack.id, options), options));
      state = stackState(stack?.status);
      if (stack === undefined || state === "absent") return undefined;
    }
    if (state === "busy") throw refusal(stack, state, [], this.#commands, this.#commands.destroy);
    return stack;
  }

  /**
   * Deletes a stack and follows it to its end; nothing happens when there is none.
   * @returns what is left of it: resources that could not be deleted, or are kept on purpose
   * @throws {AdapterError} `conflict` for a stack that is not ours or busy
   */
  async remove(
    name: string,
    deployment: string,
    options: AbortOptions & { readonly wait?: boolean } = {},
  ): Promise<readonly StackResource[]> {
    const { service, say } = this.#tools;
    const stack = await this.removable(name, deployment, options);
    if (stack === undefined) return [];
    const before = await newestEvent(service, stack.id, options);
    say(`deleting the stack ${name}`);
    await service.deleteStack(stack.id, options);
    const end = await watchStack(this.#tools, stack.id, before, options);
    // Of a stack that is gone the events tell what was kept.
    if (end.stack === undefined || stackState(end.stack.status) === "absent") return end.skipped;
    const left = heldResources(await service.resources(stack.id, options));
    const reasons = new Map(end.failures.map((event) => [event.logicalId, event.statusReason]));
    return left.map((resource) => ({
      ...resource,
      statusReason: reasons.get(resource.logicalId) ?? resource.statusReason,
    }));
  }

  /** The stack as it can be worked on; `undefined` when there is none. */
  async #usable(order: StackOrder, options: AbortOptions): Promise<StackDetail | undefined> {
    const { service, say } = this.#tools;
    const { name, deployment } = order;
    let stack = await service.describe(name, options);
    if (stack !== undefined && stackState(stack.status) === "busy" && order.wait) {
      assertOurs(stack, deployment, "busy");
      say(`stack ${name} is ${stack.status}: waiting for it`);
      ({ stack } = await watchStack(this.#tools, stack.id, await newestEvent(service, stack.id, options), options));
    }
    const state = stackState(stack?.status);
    if (stack === undefined || state === "absent") return undefined;
    assertOurs(stack, deployment, state);
    const resources = state === "ready" || state === "reviewed" ? [] : await service.resources(stack.id, options);
    const refused = refusal(stack, state, resources, this.#commands);
    if (refused !== undefined) throw refused;
    if (state !== "empty") return stack;
    if (heldResources(resources).length > 0) {
      const text = `stack ${name} is ${stack.status} and still holds ${heldText(resources)}; remove it with \`${this.#commands.destroy}\``;
      throw new AdapterError("conflict", text);
    }
    say(`stack ${name} could not be made before and is empty: it is deleted and made anew`);
    await this.remove(name, deployment, options);
    return undefined;
  }

  /** Makes the change set; false when there is nothing to change. */
  async #prepare(
    order: StackOrder,
    kind: "create" | "update",
    changeSet: string,
    options: AbortOptions,
  ): Promise<boolean> {
    const { service, pause, pollMs } = this.#tools;
    const { name: stack, template } = order;
    // Only this one: CloudFormation gives a stack's tags to all resources, and a change of tags makes Batch replace an environment.
    const tags = { [DEPLOYMENT_TAG]: order.deployment };
    try {
      await service.createChangeSet({ stack, changeSet, kind, template, tags }, options);
    } catch (reason) {
      // Said at once by some, and by the change set's own status by others.
      if (reason instanceof Error && EMPTY.test(reason.message)) return false;
      throw reason;
    }
    for (let look = 0; look < CHANGE_SET_LOOKS; look++) {
      const { status, reason = "no reason was given" } = await service.changeSet(stack, changeSet, options);
      if (status === "CREATE_COMPLETE") return true;
      if (status === "FAILED") {
        if (EMPTY.test(reason)) return false;
        throw new AdapterError(
          "rejected",
          `stack ${stack}: CloudFormation refuses the change: ${reason}; nothing was changed`,
        );
      }
      await pause(pollMs, options);
    }
    throw new AdapterError(
      "unavailable",
      `stack ${stack}: CloudFormation was not ready with the change set ${changeSet} in time; nothing was changed; try again`,
    );
  }

  async #execute(stack: string, changeSet: string, wasAbsent: boolean, options: AbortOptions): Promise<void> {
    try {
      await this.#tools.service.executeChangeSet(stack, changeSet, options);
    } catch (reason) {
      // After anything else, an abort too, nobody knows whether it has begun.
      if (isAdapterError(reason) && reason.code === "denied") await this.#forget(stack, changeSet, wasAbsent);
      throw reason;
    }
  }

  /** Takes back what {@link #prepare} made, also after an abort; what cannot be removed holds nothing and is in nobody's way. */
  async #forget(stack: string, changeSet: string, wasAbsent: boolean): Promise<void> {
    const { service } = this.#tools;
    const options = { signal: AbortSignal.timeout(15_000) };
    try {
      await service.deleteChangeSet(stack, changeSet, options);
      const left = wasAbsent ? await service.describe(stack, options) : undefined;
      if (left !== undefined && stackState(left.status) === "reviewed") await service.deleteStack(left.id, options);
    } catch {
      // The error that led here is the one to tell.
    }
  }
}
