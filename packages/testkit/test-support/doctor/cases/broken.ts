import type { DoctorBed } from "../doctor-bed.ts";
import { NAMES } from "../healthy-account.ts";
import { quotaAnswer } from "../quota-answer.ts";

/** Mends what was broken in the account itself. */
export type Mend = () => unknown;
type Flags = Parameters<DoctorBed["diagnose"]>[0];
/** What a test has to know of a break. */
export interface Broken {
  readonly flags?: Flags;
  readonly nodeVersion?: string;
  readonly mend?: Mend;
}

/** One precondition that is broken; what doctor says then: the ids of all lines that are not ok, and of the first of them its words and the exit code. */
export interface Case {
  readonly what: string;
  readonly breakIt: (bed: DoctorBed) => Promise<Broken> | Broken;
  readonly ids: readonly string[];
  readonly says: RegExp;
  readonly exit: number;
}

/** Other flags. */
export const flags =
  (given: NonNullable<Flags>): Case["breakIt"] =>
  () => ({ flags: given });
/** Calls that are refused. */
export const deny =
  (...names: readonly string[]): Case["breakIt"] =>
  (bed) => {
    for (const name of names) bed.proxy.deny(name);
    return {};
  };
/** A setting of a bucket that is not set. */
export const noSuch =
  (name: string, code: string): Case["breakIt"] =>
  (bed) => {
    bed.proxy.rule(name, () => ({ status: 404, headers: {}, body: `<Error><Code>${code}</Code></Error>` }));
    return {};
  };

type Fields = Record<string, unknown>;
/** A queue that is otherwise. */
export const queue =
  (change: Fields): Case["breakIt"] =>
  (bed) => {
    bed.proxy.edit("batch:describejobqueues", ({ jobQueues }: { jobQueues: Fields[] }) => ({
      jobQueues: jobQueues.map((one) => ({ ...one, ...change })),
    }));
    return {};
  };
/** Compute environments that are otherwise. */
export const environment =
  (change: Fields, resources: Fields = {}): Case["breakIt"] =>
  (bed) => {
    bed.proxy.edit(
      "batch:describecomputeenvironments",
      ({ computeEnvironments }: { computeEnvironments: (Fields & { computeResources: Fields })[] }) => ({
        computeEnvironments: computeEnvironments.map((one) => ({
          ...one,
          ...change,
          computeResources: { ...one.computeResources, ...resources },
        })),
      }),
    );
    return {};
  };
/** A job definition that is otherwise. */
export const definition =
  (container: Fields, change: Fields = {}): Case["breakIt"] =>
  (bed) => {
    bed.proxy.edit(
      "batch:describejobdefinitions",
      ({ jobDefinitions }: { jobDefinitions: (Fields & { containerProperties: Fields })[] }) => ({
        jobDefinitions: jobDefinitions.map((one) => ({
          ...one,
          ...change,
          containerProperties: { ...one.containerProperties, ...container },
        })),
      }),
    );
    return {};
  };
/** Quotas of another value. */
export const quota =
  (value: number): Case["breakIt"] =>
  (bed) => {
    bed.proxy.rule("servicequotas:GetServiceQuota", () => quotaAnswer(value));
    return {};
  };
/** Several breaks at once. */
export const both =
  (...breaks: readonly Case["breakIt"][]): Case["breakIt"] =>
  async (bed) => {
    for (const one of breaks) await one(bed);
    return {};
  };
/** An image that is otherwise. */
export const image =
  (change: Partial<DoctorBed["image"]>): Case["breakIt"] =>
  (bed) => {
    bed.image = { ...bed.image, ...change };
    return {};
  };
/** ARN of a role. */
export const role = (name: string): string => `arn:aws:iam::${NAMES.account}:role/${name}`;
/** An image in the account. */
export const anImage = (name: string): string => `${NAMES.account}.dkr.ecr.${NAMES.region}.amazonaws.com/${name}`;
