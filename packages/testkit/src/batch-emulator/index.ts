export { PROVISIONED } from "./definitions.ts";
export { BatchEmulator } from "./emulator.ts";
export type { AttemptFaultRule, CallFaultRule } from "./faults.ts";
export { LIMITS } from "./limits.ts";
export type { BatchEmulatorOptions, RunnerOptions } from "./options.ts";
export { overrideChars } from "./override-size.ts";
export { lasting, type Simulation } from "./simulated-host.ts";
export { startBatchEmulator } from "./start.ts";
