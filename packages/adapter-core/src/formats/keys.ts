import { AdapterError } from "../contracts/adapter-error.ts";
import type { JobName } from "../contracts/backend.ts";

const PART = /^[A-Za-z0-9][A-Za-z0-9_-]{0,127}$/;
const SHA256 = /^[0-9a-f]{64}$/;
const SEGMENT = /^[A-Za-z0-9._-]+$/;
const FRAME = /^v1\/out\/([^/]+)\/([^/.]+)\.(0|[1-9][0-9]{0,8})\.([1-9][0-9]{0,8})\.(0|[1-9][0-9]{0,8})$/;

/** Longest key that a payload store takes, in characters. */
export const MAX_KEY_LENGTH = 512;

/** The parts of a result frame's key. */
export interface FrameKey {
  /** The manager's id, which is also a part of its lease key. */
  readonly manager: string;
  readonly job: JobName;
  /** Counts from 0. */
  readonly child: number;
  /** Counts from 1: a second attempt writes beside the first, never over it. */
  readonly attempt: number;
  /** Counts the frames of one attempt, from 0. */
  readonly n: number;
}

/** Key of a job's bundle: `v1/in/<manager>/<job>`. @throws {AdapterError} `internal` when a part is not a plain name. */
export function bundleKey(manager: string, job: JobName): string {
  // A file system cannot hold both an object `objects` and the shared objects below it.
  if (job === "objects") throw new AdapterError("internal", 'a job may not be named "objects"');
  return `v1/in/${part("manager", manager)}/${part("job", job)}`;
}

/** Prefix of every bundle and shared object of a manager. @throws {AdapterError} `internal` */
export function inPrefix(manager: string): string {
  return `v1/in/${part("manager", manager)}/`;
}

/** Key of an object shared by several bundles: `v1/in/<manager>/objects/<sha256 of the stored bytes>`. @throws {AdapterError} `internal` */
export function objectKey(manager: string, sha256: string): string {
  if (!SHA256.test(sha256)) throw new AdapterError("internal", "an object key needs a lower-case hex SHA-256");
  return `v1/in/${part("manager", manager)}/objects/${sha256}`;
}

/** Key of a result frame: `v1/out/<manager>/<job>.<child>.<attempt>.<n>`. @throws {AdapterError} `internal` */
export function frameKey(key: FrameKey): string {
  const { child, attempt, n } = key;
  return `${outPrefix(key.manager, key.job)}${count("child", child, 0)}.${count("attempt", attempt, 1)}.${count("n", n, 0)}`;
}

/** Prefix of the keys of a job's result frames; ends with a dot, so that it matches no other job. @throws {AdapterError} `internal` */
export function outPrefix(manager: string, job: JobName): string {
  return `${outRoot(manager)}${part("job", job)}.`;
}

/** Prefix of every result frame of a manager. @throws {AdapterError} `internal` */
export function outRoot(manager: string): string {
  return `v1/out/${part("manager", manager)}/`;
}

/** Key of a manager's lease: `v1/managers/<manager>/lease`. @throws {AdapterError} `internal` */
export function leaseKey(manager: string): string {
  return `v1/managers/${part("manager", manager)}/lease`;
}

/** Takes a frame's key apart; `undefined` when `key` is not one, in exactly the form that {@link frameKey} writes. */
export function parseFrameKey(key: string): FrameKey | undefined {
  const match = FRAME.exec(key);
  if (!match) return undefined;
  const [, manager = "", job = "", child = "", attempt = "", n = ""] = match;
  if (!PART.test(manager) || !PART.test(job)) return undefined;
  return { manager, job, child: Number(child), attempt: Number(attempt), n: Number(n) };
}

/**
 * Refuses what the payload-store contract does not allow as a key: other characters than `[A-Za-z0-9._/-]` and `_`, more than
 * {@link MAX_KEY_LENGTH} of them, an empty, `.` or `..` segment. For stores, before anything is read or written.
 * @throws {AdapterError} `rejected`
 */
export function assertKey(key: string): void {
  if (typeof key !== "string") throw new AdapterError("rejected", `a key must be a string, got ${typeof key}`);
  if (key.length > MAX_KEY_LENGTH) {
    throw new AdapterError("rejected", `a key has at most ${MAX_KEY_LENGTH} characters, got ${key.length}`);
  }
  for (const segment of key.split("/")) {
    if (segment === "." || segment === ".." || !SEGMENT.test(segment)) {
      throw new AdapterError(
        "rejected",
        `${JSON.stringify(key.slice(0, 80))} is not a key: one of its segments is empty or unsafe`,
      );
    }
  }
}

/**
 * Refuses what can be no prefix of a key, for `list`. The empty prefix and one that ends with `/` are fine.
 * @throws {AdapterError} `rejected`
 */
export function assertPrefix(prefix: string): void {
  // Any prefix of a key becomes a key when a letter follows it, save one that ends in `/.` or `/..`, which does too.
  if (prefix !== "") assertKey(prefix.length < MAX_KEY_LENGTH ? `${prefix}x` : prefix);
}

function part(what: string, value: string): string {
  if (PART.test(value)) return value;
  throw new AdapterError(
    "internal",
    `${what} ${JSON.stringify(String(value).slice(0, 40))} does not match ${PART.source}`,
  );
}

function count(what: string, value: number, least: number): number {
  if (Number.isInteger(value) && value >= least && value < 1e9) return value;
  throw new AdapterError("internal", `${what} must be a whole number from ${least} to 999999999, got ${value}`);
}
