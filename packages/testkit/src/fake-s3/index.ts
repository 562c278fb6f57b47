export { FakeS3, type FakeS3Options } from "./fake-s3.ts";
export type { S3FaultRule } from "./faults.ts";
