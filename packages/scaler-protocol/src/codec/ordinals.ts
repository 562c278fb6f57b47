import type { Magic } from "./magic.ts";

/** The message union of each numbering, by ordinal: read from the schema of 2.6.0 and from frames of 2.9.0's binding. */
const COMMON = [
  "task",
  "taskCancel",
  "taskCancelConfirm",
  "taskResult",
  "taskLog",
  "graphTask",
  "objectInstruction",
  "clientHeartbeat",
  "clientHeartbeatEcho",
  "workerHeartbeat",
  "workerHeartbeatEcho",
] as const;
const STATES = [
  "stateClient",
  "stateObject",
  "stateBalanceAdvice",
  "stateScheduler",
  "stateWorker",
  "stateTask",
  "stateGraphTask",
] as const;
const REST = [
  "clientDisconnect",
  "clientShutdownResponse",
  "processorInitialized",
  "informationRequest",
  "informationResponse",
  "workerManagerHeartbeat",
  "workerManagerHeartbeatEcho",
  "workerManagerCommand",
] as const;

const MAGIC_1 = [...COMMON, "disconnectRequest", "disconnectResponse", ...STATES, ...REST] as const;
const MAGIC_2 = [...COMMON, ...STATES, ...REST, "workerDisconnectNotification"] as const;

/** Names of all messages of either numbering, decoded here or not. */
export type MessageName = (typeof MAGIC_1)[number] | (typeof MAGIC_2)[number];

/**
 * The name that a message has on the wire's schema, or `undefined` for an ordinal of a later release.
 * What {@link decodeMessage} calls unknown may still have a name here; a log line can use it.
 */
export function messageName(ordinal: number, magic: Magic): MessageName | undefined {
  return (magic === 1 ? MAGIC_1 : MAGIC_2)[ordinal];
}

const inverse = (names: readonly MessageName[]): { readonly [name in MessageName]?: number } =>
  Object.fromEntries(names.map((name, ordinal) => [name, ordinal]));

/** Ordinals by name; absent where the numbering has no such message. */
export const ORDINALS: { readonly [magic in Magic]: { readonly [name in MessageName]?: number } } = {
  1: inverse(MAGIC_1),
  2: inverse(MAGIC_2),
};
