/**
 * What can be done with a stack.
 *
 * | state | statuses | what `apply` does |
 * |---|---|---|
 * | `absent` | none, DELETE_COMPLETE | makes it |
 * | `reviewed` | REVIEW_IN_PROGRESS: a change set was made and never run; there is nothing | makes it |
 * | `ready` | CREATE_, UPDATE_, UPDATE_ROLLBACK_, IMPORT_(ROLLBACK_)COMPLETE | updates it |
 * | `empty` | ROLLBACK_COMPLETE: it could not be made, and what had been made was removed | deletes it, and makes it |
 * | `busy` | everything IN_PROGRESS | refuses, or waits when told to |
 * | `stuck` | UPDATE_ROLLBACK_FAILED: neither the new nor the old | refuses |
 * | `broken` | CREATE_FAILED, ROLLBACK_FAILED, UPDATE_FAILED, IMPORT_ROLLBACK_FAILED: half-made | refuses |
 * | `undeleted` | DELETE_FAILED: half-deleted | refuses |
 */
export type StackState = "absent" | "reviewed" | "ready" | "empty" | "busy" | "stuck" | "broken" | "undeleted";

/** Sorts a status of CloudFormation; one that is not known counts as `broken`, which nobody touches. */
export function stackState(status: string | undefined): StackState {
  if (status === undefined || status === "DELETE_COMPLETE") return "absent";
  if (status === "REVIEW_IN_PROGRESS") return "reviewed";
  if (status.endsWith("_IN_PROGRESS")) return "busy";
  if (status === "ROLLBACK_COMPLETE") return "empty";
  if (status === "UPDATE_ROLLBACK_FAILED") return "stuck";
  if (status === "DELETE_FAILED") return "undeleted";
  return status.endsWith("_COMPLETE") ? "ready" : "broken";
}

/** Statuses after which a stack is what its last change set asked for. */
export const succeeded = (status: string): boolean => status === "CREATE_COMPLETE" || status === "UPDATE_COMPLETE";
