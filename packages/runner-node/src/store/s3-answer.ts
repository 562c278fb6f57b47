import type { Answer } from "./http-client.ts";
import type { S3Place } from "./s3-place.ts";

const AGAIN: ReadonlySet<number> = new Set([408, 429, 500, 502, 503, 504]);
const EXPIRED: ReadonlySet<string> = new Set([
  "ExpiredToken",
  "TokenRefreshRequired",
  "InvalidToken",
  "ExpiredTokenException",
]);

/** The code of an S3 error; a completed upload may say one under status 200. */
export function errorCode({ status, body }: Answer): string | undefined {
  const head = body.toString("latin1", 0, 65_536);
  if (status < 300 && (body.length > 65_536 || !head.slice(0, 512).includes("<Error>"))) return undefined;
  return /<Code>([A-Za-z0-9.]{1,80})<\/Code>/.exec(head)?.[1];
}

/** Whether another try may be answered otherwise. */
export function mayPass(status: number, code: string | undefined): boolean {
  return (
    AGAIN.has(status) ||
    (status === 200 && code !== undefined) ||
    (status === 409 && code !== "InvalidBucketState") ||
    code === "RequestTimeout"
  );
}

/** Whether other keys may be taken. */
export const isExpired = (code: string | undefined): boolean => code !== undefined && EXPIRED.has(code);

/** An answer that no other try will change, in words that say what to do. */
export function explain(
  place: S3Place,
  verb: "read" | "write",
  key: string,
  answer: Answer,
  code: string | undefined,
): string {
  const { bucket, prefix, region, owner } = place;
  const where = `s3://${[bucket, prefix, key].filter((part) => part !== "").join("/")}`;
  const there = answer.headers["x-amz-bucket-region"];
  if (answer.status === 404 && code === "NoSuchBucket") return `there is no bucket ${bucket}`;
  if ([301, 307, 400].includes(answer.status) && there !== undefined && there !== region) {
    return `the bucket ${bucket} is in ${there}, not in ${region}`;
  }
  if (verb === "read" && answer.status === 404) return `${where} is not there`;
  if (answer.status === 403 && (code === undefined || code === "AccessDenied")) {
    // Without the right to list, S3 answers so for what is absent.
    if (verb === "read") return `${where} is not there, or the job's role may not read it (403)`;
    const whose = owner === "-" ? "" : `, or the bucket is not of account ${owner}`;
    return `the job's role may not write ${where} (403${whose})`;
  }
  return `cannot ${verb} ${where}: status ${answer.status}${code === undefined ? "" : ` ${code}`}`;
}
