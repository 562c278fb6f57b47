import type { Clock, Log } from "@scaler-aws-hpc/adapter-core";
import { afterAll, beforeAll, beforeEach, vi } from "vitest";
import { S3PayloadStore, type S3PayloadStoreOptions } from "../src/s3-payload-store.ts";
import { listing, type ScriptedS3, startScriptedS3 } from "./scripted-s3.ts";

/** Stores over a server that answers as the test says, in an environment that has nothing of the machine's. */
export interface S3Bed {
  readonly s3: ScriptedS3;
  /** How long each pause before a repetition was to be; they take no time. */
  readonly pauses: readonly number[];
  /** What was warned of. */
  readonly warned: readonly string[];
  /** Opens a store, answered by the script. */
  open(options?: Partial<S3PayloadStoreOptions>, clock?: Clock): Promise<S3PayloadStore>;
  /** Opens a store, with answers that let it. */
  opened(options?: Partial<S3PayloadStoreOptions>, clock?: Clock): Promise<S3PayloadStore>;
}

/** Makes the bed of a test file: call it once, outside of tests. */
export function s3Bed(): S3Bed {
  const pauses: number[] = [];
  const warned: string[] = [];
  const quiet = (): void => undefined;
  const log: Log = { debug: quiet, info: quiet, warn: (message) => warned.push(message), error: quiet };
  const prompt: Clock = { now: () => 0, sleep: async (ms) => void pauses.push(ms) };
  let server: ScriptedS3 | undefined;
  const s3 = (): ScriptedS3 => {
    if (server === undefined) throw new Error("the bed is made by beforeAll");
    return server;
  };

  beforeAll(async () => {
    server = await startScriptedS3();
    vi.stubEnv("AWS_ENDPOINT_URL_S3", server.endpoint);
    for (const name of ["AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"]) vi.stubEnv(name, "/dev/null");
    vi.stubEnv("AWS_EC2_METADATA_DISABLED", "true");
    vi.stubEnv("AWS_PROFILE", undefined);
    vi.stubEnv("AWS_REGION", "eu-central-1");
    vi.stubEnv("AWS_ACCESS_KEY_ID", "testing");
    vi.stubEnv("AWS_SECRET_ACCESS_KEY", "testing");
    vi.stubEnv("AWS_SESSION_TOKEN", undefined);
  });
  beforeEach(() => {
    pauses.length = 0;
    warned.length = 0;
    s3().script(() => listing([]));
  });
  afterAll(async () => {
    vi.unstubAllEnvs();
    await server?.[Symbol.asyncDispose]();
  });

  const open: S3Bed["open"] = (options = {}, clock = prompt) =>
    S3PayloadStore.open({ bucket: "payloads", ...options }, { clock, log });
  return {
    get s3() {
      return s3();
    },
    pauses,
    warned,
    open,
    opened(options, clock) {
      s3().script(() => listing([]));
      return open(options, clock);
    },
  };
}
