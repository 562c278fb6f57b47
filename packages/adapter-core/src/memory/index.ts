export { MemoryBackend, type MemoryBackendOptions } from "./memory-backend.ts";
export { MemoryFleet } from "./memory-fleet.ts";
export { MemoryPayloadStore, type MemoryPayloadStoreOptions, MemoryPlace } from "./memory-payload-store.ts";
export type { MemoryOutcome, MemoryTask } from "./memory-task.ts";
export { type Script, type Scripted, type ScriptStep, scripted } from "./scripted.ts";
