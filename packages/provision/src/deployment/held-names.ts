import type { LeftBehind } from "./choices.ts";

/** A template as CloudFormation keeps it, as far as it is looked into. */
export interface StoredTemplate {
  readonly Metadata?: Readonly<Record<string, unknown>>;
  readonly Resources?: Readonly<
    Record<string, { readonly Properties?: Readonly<Record<string, unknown>> } | undefined>
  >;
}

interface Lifecycle {
  readonly Rules?: readonly { readonly Prefix?: unknown }[];
}

/** Names that cannot be changed without leaving something behind. */
export interface HeldNames {
  readonly bucket: string | undefined;
  readonly repository: string | undefined;
  /** What the keys begin with whose objects the bucket removes by itself. */
  readonly keys: string | undefined;
}

/** Names in the template of a base stack. */
export function heldNames({ Resources = {} }: StoredTemplate): HeldNames {
  const name = (logicalId: string, property: string): string | undefined => {
    const value = Resources[logicalId]?.Properties?.[property];
    return typeof value === "string" ? value : undefined;
  };
  const rules = Resources["Bucket"]?.Properties?.["LifecycleConfiguration"] as Lifecycle | undefined;
  const keys = rules?.Rules?.[0]?.Prefix;
  return {
    bucket: name("Bucket", "BucketName"),
    repository: name("Repository", "RepositoryName"),
    keys: typeof keys === "string" ? keys : undefined,
  };
}

/** What an update to these names leaves behind: CloudFormation is told to keep what holds data (`UpdateReplacePolicy`). */
export function replacedBy(
  held: HeldNames,
  { bucket, repository }: { readonly bucket: string; readonly repository: string },
): readonly LeftBehind[] {
  return [
    ...(held.bucket === undefined || held.bucket === bucket ? [] : [{ type: "AWS::S3::Bucket", name: held.bucket }]),
    ...(held.repository === undefined || held.repository === repository
      ? []
      : [{ type: "AWS::ECR::Repository", name: held.repository }]),
  ];
}

/** What a deployment has left behind when it has these names: with what it left before, without what it has again. */
export function leftBy(
  { held, left }: { readonly held: HeldNames; readonly left: readonly LeftBehind[] },
  names: { readonly bucket: string; readonly repository: string },
): readonly LeftBehind[] {
  const all = new Map([...left, ...replacedBy(held, names)].map((one) => [`${one.type} ${one.name}`, one]));
  all.delete(`AWS::S3::Bucket ${names.bucket}`);
  all.delete(`AWS::ECR::Repository ${names.repository}`);
  return [...all.values()];
}
