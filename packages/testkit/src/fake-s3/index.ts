export type { S3Operation } from "./call.ts";
export type { S3Counts } from "./counters.ts";
export { FakeS3, type FakeS3Options } from "./fake-s3.ts";
export type { S3Fault, S3FaultRule } from "./faults.ts";
