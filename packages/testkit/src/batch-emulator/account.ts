/** Where everything of the emulator is, as ARNs say it. */
export const ACCOUNT = "123456789012";
/** The only region that the emulator has. */
export const REGION = "us-east-1";

/** The ARN of something of Batch. */
export function batchArn(kind: "job" | "job-queue" | "job-definition" | "compute-environment", name: string): string {
  return `arn:aws:batch:${REGION}:${ACCOUNT}:${kind}/${name}`;
}

/** What follows the last slash of an ARN; a plain name is its own. */
export function nameOf(nameOrArn: string): string {
  return nameOrArn.startsWith("arn:") ? nameOrArn.slice(nameOrArn.lastIndexOf("/") + 1) : nameOrArn;
}
