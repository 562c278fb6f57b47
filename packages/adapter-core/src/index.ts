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
  JobName,
  JobSpec,
  LiveJob,
} from "./contracts/backend.ts";
export type { Clock, HostServices, Log } from "./contracts/host.ts";
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
