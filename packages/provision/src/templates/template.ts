/** What JSON can say. */
export type Json = string | number | boolean | null | readonly Json[] | { readonly [key: string]: Json };

/** One resource of a template. */
export interface Resource {
  /** Such as `AWS::S3::Bucket`. */
  readonly Type: string;
  readonly Properties: Readonly<Record<string, Json>>;
  readonly DependsOn?: readonly string[];
  /** What becomes of it when it leaves the stack. @default "Delete" */
  readonly DeletionPolicy?: "Delete" | "Retain";
  /** What becomes of the old one when an update makes a new one. @default "Delete" */
  readonly UpdateReplacePolicy?: "Delete" | "Retain";
}

/** A template of CloudFormation: plain JSON, ready for `JSON.stringify`. */
export interface Template {
  readonly AWSTemplateFormatVersion: "2010-09-09";
  readonly Description: string;
  /** By logical id. */
  readonly Resources: Readonly<Record<string, Resource>>;
  readonly Outputs?: Readonly<Record<string, { readonly Description: string; readonly Value: Json }>>;
}

/** A template as the text that CloudFormation gets and users see. */
export function templateText(template: Template): string {
  return `${JSON.stringify(template, null, 2)}\n`;
}
