import { isDeepStrictEqual } from "node:util";
import type { Template } from "../templates/template.ts";

/** What an update would do to one resource. */
export interface ResourceChange {
  readonly action: "add" | "modify" | "remove";
  readonly logicalId: string;
  readonly type: string;
  /** Of `modify`: what differs, as `Properties.ComputeResources.MaxvCpus`. */
  readonly paths: readonly string[];
}

/**
 * Compares two templates, resource by resource. The templates of this package have neither parameters nor conditions, so what differs in them
 * is what CloudFormation would change, and nobody has to be asked: a change set of a stack that is not there would make one.
 */
export function diffTemplates(
  before: Pick<Template, "Resources"> | undefined,
  after: Template,
): readonly ResourceChange[] {
  const old: Readonly<Record<string, { readonly Type: string } | undefined>> = before?.Resources ?? {};
  const changes: ResourceChange[] = [];
  for (const [logicalId, resource] of Object.entries(after.Resources)) {
    const known = old[logicalId];
    const type = resource.Type;
    if (known === undefined) changes.push({ action: "add", logicalId, type, paths: [] });
    else if (!isDeepStrictEqual(plain(known), plain(resource)))
      changes.push({ action: "modify", logicalId, type, paths: [...differences(plain(known), plain(resource), "")] });
  }
  for (const [logicalId, known] of Object.entries(old)) {
    if (after.Resources[logicalId] !== undefined) continue;
    changes.push({ action: "remove", logicalId, type: known?.Type ?? "", paths: [] });
  }
  return changes;
}

/** As it comes back from CloudFormation: without what `JSON.stringify` leaves out. */
const plain = (value: unknown): unknown => JSON.parse(JSON.stringify(value));

// Deeper than this a path says nothing that a person looks for.
const DEPTH = 4;

function* differences(before: unknown, after: unknown, path: string): Iterable<string> {
  if (isDeepStrictEqual(before, after)) return;
  if (!isRecord(before) || !isRecord(after) || path.split(".").length >= DEPTH) {
    yield path;
    return;
  }
  for (const key of new Set([...Object.keys(before), ...Object.keys(after)])) {
    yield* differences(before[key], after[key], path === "" ? key : `${path}.${key}`);
  }
}

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value);
