import { createHash } from "node:crypto";
import { hostname } from "node:os";

/** What identifies a deployment. */
export interface DeploymentIdentity {
  readonly backend: string;
  readonly schedulerAddress: string;
  /** @default this machine's */
  readonly host?: string;
}

/**
 * The worker manager id of somebody who names none: the same after a restart, another on another host, backend or scheduler. The readable part
 * is for monitors, the digest is what tells ids apart.
 */
export function deriveWorkerManagerId({ backend, schedulerAddress, host = hostname() }: DeploymentIdentity): string {
  const readable = host
    .toLowerCase()
    .replaceAll(/[^a-z0-9-]/g, "-")
    .slice(0, 32);
  return `${readable}-${backend}-${digest([host, backend, schedulerAddress]).slice(0, 8)}`;
}

/**
 * The id under which plugins name things: keys, job names. Fixed length, so that none is a prefix of another's; the worker manager id itself
 * may hold any text.
 */
export const deriveManagerId = (backend: string, workerManagerId: string): string =>
  digest([backend, workerManagerId]).slice(0, 16);

// NUL cannot stand in any of the parts, so no two lists have one text.
const digest = (parts: readonly string[]): string => createHash("sha256").update(parts.join("\0")).digest("hex");
