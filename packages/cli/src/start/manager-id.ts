import { createHash } from "node:crypto";
import { hostname } from "node:os";

/** What identifies a deployment. */
export interface DeploymentIdentity {
  readonly backend: string;
  readonly schedulerAddress: string;
  /** What the backend and the payload store say of themselves, as `name=value`: bucket, prefix, region, queue. @default nothing */
  readonly places?: readonly string[];
  /** @default this machine's */
  readonly host?: string;
}

/**
 * The worker manager id of somebody who names none: the same after a restart, another for another deployment. Where jobs run elsewhere, the places say which
 * deployment it is, so that a manager that comes back on another host (a container's name is new each time) finds what it left; else the host does. The
 * readable part is for monitors, the digest is what tells ids apart.
 */
export function deriveWorkerManagerId(identity: DeploymentIdentity): string {
  const { backend, schedulerAddress, places = [], host = hostname() } = identity;
  const where = places.length > 0 ? places : [host];
  const [first = ""] = places.length > 0 ? bucketFirst(places) : where;
  const readable = first
    .toLowerCase()
    .replaceAll(/[^a-z0-9-]/g, "-")
    .slice(0, 32);
  return `${readable}-${backend}-${digest([...where, backend, schedulerAddress]).slice(0, 8)}`;
}

/**
 * The id under which plugins name things: keys, job names. Fixed length, so that none is a prefix of another's; the worker manager id itself
 * may hold any text.
 *
 * @param places what the payload store says of itself: two deployments that differ in nothing else still have different names.
 */
export const deriveManagerId = (backend: string, workerManagerId: string, places: readonly string[] = []): string =>
  digest([backend, workerManagerId, ...places]).slice(0, 16);

/** Of the values, the one that people know a deployment by. */
const bucketFirst = (places: readonly string[]): readonly string[] =>
  places
    .toSorted((a, b) => Number(b.includes("bucket=")) - Number(a.includes("bucket=")))
    .map((place) => place.slice(place.indexOf("=") + 1));

// NUL cannot stand in any of the parts, so no two lists have one text.
const digest = (parts: readonly string[]): string => createHash("sha256").update(parts.join("\0")).digest("hex");
