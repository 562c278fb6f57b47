export { NODE_VARIABLE, nodeRunner, OLDEST_NODE } from "./node-runner.ts";
export { plugin } from "./plugin.ts";
export { RUNNER_FILE } from "./runner-bundle.ts";
