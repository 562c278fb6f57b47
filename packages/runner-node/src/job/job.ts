import { RunnerError } from "../runner-error.ts";

/** One child to run, as a `run` line describes it. */
export interface Job {
  readonly job: string;
  readonly child: number;
  readonly attempt: number;
  /** Hex of 32 bytes: verifies the bundle, signs the frames. */
  readonly secret: string;
  /** The store's locator. */
  readonly store: Readonly<Record<string, unknown>>;
  /** Key of the bundle; `undefined` where it is inline. */
  readonly bundle: string | undefined;
  /** The bundle in base64url. */
  readonly inline: string | undefined;
  /** Prefix of the keys of result frames. */
  readonly outPrefix: string;
}

const NAME = /^[A-Za-z0-9][A-Za-z0-9_-]{0,127}$/;
const PREFIX = /^v1\/out\/[A-Za-z0-9_-]+\/[A-Za-z0-9_-]+\.$/;

/** Reads a `run` line. @throws {RunnerError} `corrupt` */
export function readJob(message: Readonly<Record<string, unknown>>): Job {
  const { job, child, attempt, secret, store, bundle, inline, outPrefix } = message;
  const fine =
    matches(job, NAME) &&
    isCount(child, 0) &&
    isCount(attempt, 1) &&
    matches(secret, /^[0-9a-f]{64}$/) &&
    matches(outPrefix, PREFIX) &&
    typeof store === "object" &&
    store !== null &&
    (typeof bundle === "string") !== (typeof inline === "string");
  if (!fine) throw new RunnerError("corrupt", "the description of the job is not well formed");
  return {
    ...{ job, child, attempt, secret, outPrefix },
    store: store as Readonly<Record<string, unknown>>,
    bundle: typeof bundle === "string" ? bundle : undefined,
    inline: typeof inline === "string" ? inline : undefined,
  };
}

const matches = (value: unknown, pattern: RegExp): value is string => typeof value === "string" && pattern.test(value);
const isCount = (value: unknown, least: number): value is number =>
  typeof value === "number" && Number.isInteger(value) && value >= least;
