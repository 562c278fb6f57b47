import { AdapterError, assertKey } from "@scaler-aws-hpc/adapter-core";

/** Prefix of every object when the user names none; that of the original worker adapter. */
export const DEFAULT_PREFIX = "scaler-tasks";

// Keys have 1,024 bytes on S3, and a key of the contract up to 512.
const MAX_PREFIX_LENGTH = 256;
const BUCKET = /^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/;

/** Where a store's objects are: what does not depend on credentials. */
export interface S3Location {
  readonly bucket: string;
  /** Without slashes at its ends; may be empty. */
  readonly prefix: string;
  /** 12 digits: every request is refused when the bucket is another account's. */
  readonly owner: string | undefined;
}

/** Checks what the user said of the place. @throws {AdapterError} `config` */
export function s3Location(options: {
  readonly bucket: string;
  readonly prefix?: string;
  readonly owner?: string;
}): S3Location {
  const { bucket, owner } = options;
  if (!BUCKET.test(bucket) || bucket.includes("..")) {
    const text = `s3-bucket: expected the name of a bucket (3 to 63 of a-z 0-9 . -), got ${shown(bucket)}`;
    throw new AdapterError("config", text);
  }
  if (bucket.endsWith("--x-s3")) {
    const text = `s3-bucket: ${bucket} is a directory bucket, which does not list in order; use a general purpose one`;
    throw new AdapterError("config", text);
  }
  if (owner !== undefined && !/^\d{12}$/.test(owner)) {
    throw new AdapterError("config", `s3-bucket-owner: expected the 12 digits of an AWS account, got ${shown(owner)}`);
  }
  return { bucket, prefix: checkedPrefix(options.prefix ?? DEFAULT_PREFIX), owner };
}

/** Name of an object in the bucket. */
export function objectName(location: S3Location, key: string): string {
  return location.prefix === "" ? key : `${location.prefix}/${key}`;
}

/** Key of an object by its name in the bucket. */
export function keyOfName(location: S3Location, name: string): string {
  return location.prefix === "" ? name : name.slice(location.prefix.length + 1);
}

function checkedPrefix(given: string): string {
  const prefix = given.replace(/^\/+|\/+$/g, "");
  if (prefix === "") return prefix;
  try {
    assertKey(prefix);
  } catch (cause) {
    const text = `s3-prefix: expected names of A-Z a-z 0-9 . _ - with slashes between them, got ${shown(given)}`;
    throw new AdapterError("config", text, { cause });
  }
  if (prefix.length <= MAX_PREFIX_LENGTH) return prefix;
  throw new AdapterError("config", `s3-prefix: at most ${MAX_PREFIX_LENGTH} characters, got ${prefix.length}`);
}

const shown = (value: string): string => JSON.stringify(value.slice(0, 80));
