import { Flags } from "@oclif/core";
import { PLACE_FLAGS, ProvisionCommand, SCHEMA_VERSION } from "../../command/provision-command.ts";
import type { StackResource } from "../../stacks/stack-service.ts";

/** What `provision show --json` prints. */
export interface ShowResult {
  readonly schemaVersion: typeof SCHEMA_VERSION;
  readonly deployment: string;
  readonly region: string;
  readonly account: string;
  readonly stacks: readonly {
    readonly name: string;
    /** `undefined` when there is none. */
    readonly status: string | undefined;
    readonly reason: string | undefined;
    readonly resources: readonly StackResource[];
  }[];
  /** What was chosen, as the stacks remember it; the rest is defaults. */
  readonly choices: object;
  /** Settings of `start`. */
  readonly start: Readonly<Record<string, string | number>>;
}

export default class ProvisionShow extends ProvisionCommand {
  static override summary = "Show what there is of a deployment.";
  static override description =
    `The state of both stacks, what is in them, what was chosen, and what \`start\` needs to know. Changes nothing. Without a deployment it ends with 1.`;
  static override examples = [
    "<%= config.bin %> <%= command.id %>",
    "<%= config.bin %> <%= command.id %> --prefix team-a --region eu-west-1 --json",
  ];
  static override flags = {
    ...PLACE_FLAGS,
    // The original shows a file; here the account is asked.
    config: Flags.string({ hidden: true, summary: "Accepted and ignored: the account is asked." }),
    "env-file": Flags.string({ hidden: true, summary: "Accepted and ignored: the account is asked." }),
  };

  async run(): Promise<ShowResult> {
    const { flags } = await this.parse(ProvisionShow);
    this.beQuiet(flags.quiet);
    const [{ assertThere }, { provisionSettings }, { startValues }] = await Promise.all([
      import("../../deployment/deployment.ts"),
      import("../../settings/index.ts"),
      import("../../deployment/start-values.ts"),
    ]);
    return await this.withDeployment(flags, async (deployment, signal) => {
      assertThere(deployment);
      const { account, name, remembered, stackNames } = deployment;
      const stacks = [];
      for (const kind of ["base", "compute"] as const) {
        const stack = deployment[kind];
        const made = stack !== undefined && stack.status !== "REVIEW_IN_PROGRESS";
        const resources = !made ? [] : await account.stacks.resources(stack.id, { signal });
        stacks.push({ name: stackNames[kind], status: stack?.status, reason: stack?.statusReason, resources });
      }
      const settings = provisionSettings({
        ...remembered,
        deployment: name,
        region: account.region,
        accountId: account.id,
      });
      const start = startValues(settings);
      this.log(`deployment ${name} in ${account.region} of account ${account.id}`);
      for (const { name, status = "not there", reason, resources } of stacks) {
        this.log(`stack ${name}: ${status}${reason === undefined ? "" : ` (${reason})`}`);
        for (const { type, logicalId, physicalId = "", status } of resources)
          this.log(`  ${status.padEnd(16)} ${type} ${logicalId} ${physicalId}`);
      }
      for (const [key, value] of Object.entries(remembered)) this.log(`chosen ${key}: ${JSON.stringify(value)}`);
      for (const [key, value] of Object.entries(start)) this.log(`${key} = ${JSON.stringify(value)}`);
      return {
        schemaVersion: SCHEMA_VERSION,
        deployment: name,
        region: account.region,
        account: account.id,
        stacks,
        choices: remembered,
        start,
      };
    });
  }
}
