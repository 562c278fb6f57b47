import { RunnerError } from "../runner-error.ts";

/** Reads a part of an object; ends early where the object ends. */
export type ReadRange = (start: number, end: number) => Promise<Buffer>;

/** What a runner needs of a payload store: it never lists and never deletes. Failures are {@link RunnerError} `store`; wrong sizes `corrupt`. */
export interface Store {
  /** Whether moving bytes costs enough to compress results. */
  readonly compress: boolean;
  /** Reads an object piece by piece; `use` gets its size and a reader. */
  ranges<Result>(key: string, use: (size: number, read: ReadRange) => Promise<Result>): Promise<Result>;
  /** A whole object, which must be `size` bytes. */
  whole(key: string, size: number): Promise<Buffer>;
  /** Stores the pieces one after another, unless the key exists: then false, which is as good. */
  putAbsent(key: string, pieces: readonly Uint8Array[]): Promise<boolean>;
  /** Gets ready for the first request, while something else is waited for. */
  prepare(): void;
  /** From now on, nothing is tried again later than this, in milliseconds. */
  hurry(ms: number): void;
  /** A write may be tried again for this long, in milliseconds: where losing a result costs more than waiting. */
  patience(ms: number): void;
}

/** Bundles up to this size are read in one request, in bytes. */
export const WHOLE_BUNDLE: number = 1 << 20;

const KEY = /^[A-Za-z0-9_-][A-Za-z0-9._-]*(?:\/[A-Za-z0-9_-][A-Za-z0-9._-]*)*$/;

/** @throws {RunnerError} `store` for what can be no key */
export function assertKey(key: unknown): asserts key is string {
  if (typeof key !== "string" || key.length > 512 || !KEY.test(key)) throw new RunnerError("store", "not a store key");
}
