import { AdapterError, type RunnerRecord } from "@scaler-aws-hpc/adapter-core";
import { launched } from "./launcher.ts";
import { isBuilt, RUNNER_FILE } from "./runner-bundle.ts";
import { isNodeClient, managerFailure } from "./wire-facts.ts";

/** Oldest Node that the runner supports, as major and minor. */
export const OLDEST_NODE: readonly [number, number] = [22, 13];

/** Names the Node that runs tasks on this machine, when it is not to be the manager's own. */
export const NODE_VARIABLE = "SCALER_AWS_HPC_NODE";

/**
 * Runs the tasks of Node clients. Asked before the Python runner (order 100): to Python the serializer object of a Node client is a valid pickle.
 * Its tasks run in the Node of the manager, or the one that {@link NODE_VARIABLE} names; the interpreter and the preload of
 * {@link RunnerCommandOptions} are Python's.
 */
export const nodeRunner: RunnerRecord = {
  name: "node",
  protocol: 1,
  order: 10,
  capability: "node",
  matches: isNodeClient,
  failure: managerFailure,
  check() {
    if (isBuilt()) return [];
    throw new AdapterError(
      "config",
      `${RUNNER_FILE} is not there: in a clone \`npm run build\` makes it, a published package holds it`,
    );
  },
  command: () => launched(process.env[NODE_VARIABLE] || process.execPath, RUNNER_FILE),
};
