export { BatchBackend, type BatchBackendParts, type BatchCounters } from "./batch-backend.ts";
export { explain, failureKind } from "./failure-class.ts";
export {
  decodeDescriptor,
  encodeDescriptor,
  type JobDescriptor,
  type JobParameters,
  jobParameters,
  NONE,
  PARAMETER_NAMES,
  readParameters,
} from "./job-parameters.ts";
export { WATCH_TIMES, type WatchTimes } from "./job-watch.ts";
export { type OpenBatchChoices, openBatch, plugin } from "./plugin.ts";
export { MAX_OVERRIDE_CHARACTERS, MAX_REQUEST_BYTES, overrideCharacters, requestBytes } from "./request-size.ts";
export { retryStrategy } from "./retry-rules.ts";
