export type { EngineStats } from "./counters.ts";
export { Engine } from "./engine.ts";
export type { EngineEnd, EngineOptions } from "./engine-options.ts";
export { systemClock } from "./system-clock.ts";
