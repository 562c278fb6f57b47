export type { AbortOptions } from "./contracts/abort-options.ts";
export { AdapterError, type AdapterErrorCode, isAdapterError, RETRYABLE } from "./contracts/adapter-error.ts";
export type {
  Backend,
  BackendHint,
  BackendTraits,
  ChildChange,
  ChildRef,
  Failure,
  FailureKind,
  FoundJob,
  JobName,
  JobSpec,
  LiveJob,
} from "./contracts/backend.ts";
export {
  type Check,
  type CheckedDeployment,
  type CheckHost,
  type Finding,
  fault,
  ok,
  warning,
} from "./contracts/check.ts";
export type { Clock, HostServices, Log } from "./contracts/host.ts";
export type { JobKeeper, KeeperHost } from "./contracts/job-keeper.ts";
export type {
  Body,
  PayloadStore,
  PayloadStoreTraits,
  PutOutcome,
  StoredObject,
  StoreLocator,
} from "./contracts/payload-store.ts";
export type {
  BackendFactory,
  BackendHost,
  OptionSpec,
  PayloadStoreFactory,
  Plugin,
  PluginOptions,
  ProfileSpec,
} from "./contracts/plugin.ts";
export type { RunnerCommand, RunnerCommandOptions, RunnerRecord } from "./contracts/runner.ts";
export type { DeliverySource, EngineEffect, JobPlan, PackPlan } from "./engine/core/effect.ts";
export { type CoreStats, EngineCore } from "./engine/core/engine-core.ts";
export type { EngineEvent, RecoveredJob, RecoveredWorker, TaskMessage, TaskOutcome } from "./engine/core/event.ts";
export type { ObjectId, SourceId, TaskId, WorkerId } from "./engine/core/ids.ts";
export type { CoreOptions } from "./engine/core/options.ts";
export { type PackSizeInput, packSize } from "./engine/core/pack-size.ts";
export type {
  Decider,
  DeciderStats,
  Heartbeat,
  LinkHandlers,
  ManagerHandlers,
  ManagerLink,
  ManagerReport,
  ObjectsPort,
  ProcessUse,
  ResourceSample,
  ResourcesPort,
  ScalingWish,
  SchedulerLink,
  SchedulerNews,
  SchedulerPort,
  SlotStatus,
  TaskAnswer,
  TaskProfile,
  WorkerMessage,
} from "./engine/ports.ts";
export type { EngineStats } from "./engine/shell/counters.ts";
export { Engine } from "./engine/shell/engine.ts";
export type { EngineEnd, EngineOptions, StopOptions } from "./engine/shell/engine-options.ts";
export { type ProcessIdentity, thisProcess } from "./engine/shell/process-identity.ts";
export { systemClock } from "./engine/shell/system-clock.ts";
export { type BundleInput, decodeBundle, encodeBundle } from "./formats/bundle.ts";
export {
  type BundleEntry,
  bundleChildren,
  INDEX_ENTRY_BYTES,
  MAX_CHILDREN,
  openSection,
  PREAMBLE_BYTES,
} from "./formats/bundle-index.ts";
export { type FailurePickleKind, failurePickle } from "./formats/failure-pickle.ts";
export {
  type DeathCause,
  type DiedResult,
  type FinishedResult,
  FRAME_PREAMBLE_BYTES,
  type FrameBody,
  type FrameResult,
  MAX_TAIL_BYTES,
} from "./formats/frame.ts";
export { decodeFrame, type Frame, frameBlob } from "./formats/frame-decode.ts";
export { encodeFrame } from "./formats/frame-encode.ts";
export { COMPRESS_FROM_BYTES, type Compressed, compress, decompress } from "./formats/gzip.ts";
export {
  assertKey,
  assertPrefix,
  bundleKey,
  type FrameKey,
  frameKey,
  inPrefix,
  leaseKey,
  MAX_KEY_LENGTH,
  objectKey,
  outPrefix,
  outRoot,
  parseFrameKey,
} from "./formats/keys.ts";
export { decodeLease, encodeLease, type LeaseRecord, type LeaseWorker } from "./formats/lease.ts";
export { resultObjectId } from "./formats/object-id.ts";
export {
  decodeSection,
  encodeSection,
  type Section,
  type SectionInput,
  type SectionObject,
  type SectionTask,
} from "./formats/section.ts";
export { tagFrame, tagSection } from "./formats/tag.ts";
export { didYouMean } from "./plugins/did-you-mean.ts";
export { type LoadedPlugin, PluginRegistry, type PluginSource } from "./plugins/plugin-registry.ts";
export { checkChecks, checkPlugin, PLUGIN_API_VERSION } from "./plugins/plugin-shape.ts";
export { bodyPieces, bodySize } from "./stores/body.ts";
export { OpenCalls } from "./stores/open-calls.ts";
export { untilAborted } from "./stores/until-aborted.ts";
