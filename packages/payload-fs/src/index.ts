export { FsPayloadStore, type FsPayloadStoreOptions } from "./fs-payload-store.ts";
export { plugin } from "./plugin.ts";
