export { breaches } from "./breaches.ts";
export { Journal, type JournalEntry } from "./journal.ts";
export { framed, greeting, WirePeer } from "./wire-peer.ts";
export { type TaskWish, WireScheduler, type WireSchedulerOptions } from "./wire-scheduler.ts";
export { type StorageRequest, WireStorage } from "./wire-storage.ts";
