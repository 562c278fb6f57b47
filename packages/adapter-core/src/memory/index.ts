export { MemoryPayloadStore, type MemoryPayloadStoreOptions, MemoryPlace } from "./memory-payload-store.ts";
export { type Script, type Scripted, type ScriptStep, scripted } from "./scripted.ts";
