import { RunnerError } from "../runner-error.ts";
import { FsStore } from "./fs-store.ts";
import { S3Store } from "./s3-store.ts";
import type { Store } from "./store.ts";

/** Opens the store that a job names. @throws {RunnerError} `store` */
export function openStore(locator: Readonly<Record<string, unknown>>): Store {
  switch (locator.kind) {
    case "fs":
      return new FsStore(locator);
    case "s3":
      return new S3Store(locator);
    default:
      throw new RunnerError("store", `this runner reads stores of kind fs, s3, not ${JSON.stringify(locator.kind)}`);
  }
}
