import type { AbortOptions } from "@scaler-aws-hpc/adapter-core";
import type { Template } from "../templates/template.ts";

/** A stack as CloudFormation describes it. */
export interface StackDetail {
  readonly name: string;
  /** ARN; stays valid for a stack that is gone. */
  readonly id: string;
  /** Such as `UPDATE_COMPLETE`; see `stack-state.ts` for what each means. */
  readonly status: string;
  readonly statusReason: string | undefined;
  readonly tags: Readonly<Record<string, string>>;
  /** When its last operation began, or it was made. */
  readonly changedAt: Date | undefined;
}

/** One resource of a stack. */
export interface StackResource {
  readonly logicalId: string;
  /** Name, ARN or id; `undefined` before it is made. */
  readonly physicalId: string | undefined;
  /** Such as `AWS::S3::Bucket`. */
  readonly type: string;
  readonly status: string;
  readonly statusReason: string | undefined;
}

/** What happened to a resource, or to the stack itself (whose logical id is the stack's name). */
export interface StackEvent extends StackResource {
  readonly id: string;
}

/** What a change set is made of. */
export interface ChangeSetRequest {
  readonly stack: string;
  readonly changeSet: string;
  /** `create` also for a stack in REVIEW_IN_PROGRESS, which is one that has never been made. */
  readonly kind: "create" | "update";
  readonly template: Template;
  /** Of the stack; CloudFormation gives them to every resource. */
  readonly tags: Readonly<Record<string, string>>;
}

/** How far CloudFormation is with a change set. */
export interface ChangeSetDetail {
  /** `CREATE_PENDING`, `CREATE_IN_PROGRESS`, `CREATE_COMPLETE` or `FAILED`. */
  readonly status: string;
  readonly reason: string | undefined;
}

/**
 * What is needed of CloudFormation. Calls reject with an `AdapterError`: `denied` names the missing action, `conflict` says that another
 * operation holds the stack, `missing` that there is no such stack or change set.
 */
export interface StackService {
  /** By name or ARN; `undefined` when there is none. */
  describe(stack: string, options?: AbortOptions): Promise<StackDetail | undefined>;
  /** What the stack was last made of, as text. */
  template(stack: string, options?: AbortOptions): Promise<string>;
  resources(stack: string, options?: AbortOptions): Promise<readonly StackResource[]>;
  /** The newest first, down to but without the event `until`; the first page where that is not found. */
  events(stack: string, until: string | undefined, options?: AbortOptions): Promise<readonly StackEvent[]>;
  createChangeSet(request: ChangeSetRequest, options?: AbortOptions): Promise<void>;
  changeSet(stack: string, changeSet: string, options?: AbortOptions): Promise<ChangeSetDetail>;
  /** Names of the change sets that wait at a stack. */
  changeSets(stack: string, options?: AbortOptions): Promise<readonly string[]>;
  executeChangeSet(stack: string, changeSet: string, options?: AbortOptions): Promise<void>;
  deleteChangeSet(stack: string, changeSet: string, options?: AbortOptions): Promise<void>;
  /** Begins to delete it; returns at once. */
  deleteStack(stack: string, options?: AbortOptions): Promise<void>;
}
