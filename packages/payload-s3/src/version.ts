import { randomBytes } from "node:crypto";

/**
 * Metadata of every object: a number that no other put has, then those of the versions that it replaced by compare-and-set, newest first.
 *
 * When the answer to a conditional put is lost, its repetition is refused by what the first one stored. Then this tells whether that was ours,
 * which bytes cannot (two writers may write the same), also when others have replaced it since.
 */
export const MARKS_FIELD = "scaler-put";

/** How many numbers an object carries: so often it may be replaced until the first writer asks. */
const MOST_MARKS = 16;
const MARK_BYTES = 6;
const VERSION = /^([\x21\x23-\x7d]+)(?:~([A-Za-z0-9_.-]+))?$/;

/** One version of an object: what the contract's etag says, taken apart. */
export interface Version {
  /** S3's etag, without quotes. */
  readonly etag: string;
  /** Its own mark, then those of its forerunners. */
  readonly marks: readonly string[];
}

/** Marks of an object that is put over `forerunner`. */
export function newMarks(forerunner: Version | undefined): readonly string[] {
  return [randomBytes(MARK_BYTES).toString("base64url"), ...(forerunner?.marks ?? [])].slice(0, MOST_MARKS);
}

/** The contract's etag of an answer of S3. */
export function versionText(answer: {
  readonly ETag?: string | undefined;
  readonly Metadata?: Readonly<Record<string, string>> | undefined;
}): string {
  const etag = (answer.ETag ?? "").replace(/^"|"$/g, "");
  const marks = answer.Metadata?.[MARKS_FIELD];
  return marks === undefined || !/^[A-Za-z0-9_.-]{1,400}$/.test(marks) ? etag : `${etag}~${marks}`;
}

/** The contract's etag of a version that was stored, and replaced before S3 could tell its etag: nothing is put over it any more. */
export function replacedText(marks: readonly string[]): string {
  return versionText({ ETag: "replaced", Metadata: { [MARKS_FIELD]: marksText(marks) } });
}

/** The version that an etag of the contract means; `undefined` when no object could have it. */
export function parseVersion(text: string): Version | undefined {
  const [, etag, marks] = VERSION.exec(text) ?? [];
  return etag === undefined ? undefined : { etag, marks: marks?.split(".") ?? [] };
}

/** Marks as they stand in an object's metadata. */
export function marksText(marks: readonly string[]): string {
  return marks.join(".");
}
