import type * as Sdk from "@aws-sdk/client-iam";
import { type AbortOptions, isAdapterError } from "@scaler-aws-hpc/adapter-core";
import { clientOptions } from "../aws/sdk-options.ts";
import { SdkService } from "../aws/sdk-service.ts";
import type { RoleFacts, Simulation } from "./account-port.ts";

/** Roles and what they may do. */
export class SdkIam extends SdkService<typeof Sdk, Sdk.IAMClient> {
  static async open(region: string): Promise<SdkIam> {
    const sdk = await import("@aws-sdk/client-iam");
    return new SdkIam(sdk, new sdk.IAMClient(clientOptions(region)));
  }

  async role(RoleName: string, options: AbortOptions = {}): Promise<RoleFacts | undefined> {
    try {
      const command = new this.sdk.GetRoleCommand({ RoleName });
      const { Role } = await this.call("iam:GetRole", `role ${RoleName}`, options, (more) =>
        this.client.send(command, more),
      );
      return Role?.Arn === undefined ? undefined : { arn: Role.Arn, trusted: trustedBy(Role.AssumeRolePolicyDocument) };
    } catch (reason) {
      if (isAdapterError(reason) && reason.code === "missing") return undefined;
      throw reason;
    }
  }

  async denied(
    { principal, actions, resource, context = {} }: Simulation,
    options: AbortOptions = {},
  ): Promise<readonly string[]> {
    const command = new this.sdk.SimulatePrincipalPolicyCommand({
      PolicySourceArn: principal,
      ActionNames: [...actions],
      ResourceArns: [resource],
      ContextEntries: Object.entries(context).map(([key, value]) => ({
        ContextKeyName: key,
        ContextKeyType: "string",
        ContextKeyValues: [value],
      })),
    });
    const { EvaluationResults = [] } = await this.call(
      "iam:SimulatePrincipalPolicy",
      `permissions of ${principal}`,
      options,
      (more) => this.client.send(command, more),
    );
    return EvaluationResults.filter(({ EvalDecision }) => EvalDecision !== "allowed").flatMap(
      ({ EvalActionName }) => EvalActionName ?? [],
    );
  }
}

/** Who may take a role; IAM gives the document as a part of a URL. */
export function trustedBy(document: string | undefined): readonly string[] {
  try {
    const { Statement } = JSON.parse(decodeURIComponent(document ?? "{}")) as { readonly Statement?: unknown };
    return listOf(Statement).flatMap((statement) => {
      const { Effect, Principal } = statement as { readonly Effect?: unknown; readonly Principal?: unknown };
      if (Effect !== "Allow") return [];
      const kinds = typeof Principal === "object" && Principal !== null ? Object.values(Principal) : [Principal];
      return kinds.flatMap(listOf).map(String);
    });
  } catch {
    return [];
  }
}

const listOf = (value: unknown): readonly unknown[] =>
  Array.isArray(value) ? value : value === undefined ? [] : [value];
