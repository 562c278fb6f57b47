import { type Finding, fault, ok, warning } from "@scaler-aws-hpc/adapter-core";
import type { ComputeEnvironmentDetail } from "../batch-api.ts";

/** What is said of a queue's compute environments: those that start no machine are named; a queue in which none does has a fault. */
export function machineFindings(environments: readonly ComputeEnvironmentDetail[]): readonly Finding[] {
  const broken = environments.flatMap((one) => {
    const why = whyNot(one);
    return why === undefined ? [] : [{ ...why, name: nameOf(one) }];
  });
  if (broken.length === environments.length) {
    return broken.length === 0
      ? [fault("there is none", "add a compute environment to the queue")]
      : broken.map(({ name, what, fix }) => fault(`${name} ${what}`, fix));
  }
  const usable = environments.filter((one) => whyNot(one) === undefined);
  return [
    ok(usable.map(described).join("; ")),
    ...broken.map(({ name, what, fix }) => warning(`${name} ${what}`, fix)),
  ];
}

const nameOf = ({ computeEnvironmentName, computeEnvironmentArn }: ComputeEnvironmentDetail): string =>
  computeEnvironmentName ?? computeEnvironmentArn ?? "?";

function described(one: ComputeEnvironmentDetail): string {
  const { type, maxvCpus } = one.computeResources ?? {};
  return `${nameOf(one)} is enabled and valid${type === undefined ? "" : ` (${type}, up to ${maxvCpus} vCPUs)`}`;
}

function whyNot(one: ComputeEnvironmentDetail): { readonly what: string; readonly fix: string } | undefined {
  const { state, status, statusReason, computeResources } = one;
  if (state === "DISABLED") return { what: "is disabled", fix: "enable it" };
  if (status === "CREATING") return { what: "is still being made", fix: "wait until it is valid" };
  if (status !== "VALID" && status !== "UPDATING") {
    const reason = statusReason === undefined ? "" : ` (${statusReason})`;
    return { what: `is ${status ?? "in no known state"}${reason}`, fix: "mend what the reason names, or make it anew" };
  }
  if (computeResources?.maxvCpus !== undefined && computeResources.maxvCpus <= 0)
    return { what: "may have 0 vCPUs at most, so it starts no machine", fix: "raise its maximum of vCPUs" };
  return undefined;
}
