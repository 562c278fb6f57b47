import { Flags } from "@oclif/core";
import { PLACE_FLAGS, ProvisionCommand, SCHEMA_VERSION } from "../../command/provision-command.ts";
import type { Leftover } from "../../deployment/leftovers.ts";
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
  /** Whether everything is there that `start` needs; otherwise the exit code is 1. */
  readonly complete: boolean;
  /** Settings of `start`; none where it is not complete. */
  readonly start: Readonly<Record<string, string | number>>;
  /** What the deployment had before and left behind. */
  readonly left: readonly Leftover[];
}

export default class ProvisionShow extends ProvisionCommand {
  static override summary = "Show what there is of a deployment.";
  static override description =
    `The state of both stacks, what is in them, what was chosen, and what \`start\` needs to know. Changes nothing. Without a deployment, or with one that is not finished, it ends with 1.`;
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
    const [{ assertThere }, { provisionSettings }, { startValues }, { gpuProfile }, left, { choiceWords }] =
      await Promise.all([
        import("../../deployment/deployment.ts"),
        import("../../settings/index.ts"),
        import("../../deployment/start-values.ts"),
        import("../../deployment/gpu-profile.ts"),
        import("../../deployment/leftovers.ts"),
        import("../../command/choice-words.ts"),
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
      // While AWS changes them both are there all the same.
      const complete = stacks.every(
        ({ status = "" }) => /^UPDATE_.*IN_PROGRESS$|_COMPLETE$/.test(status) && !/^(?:ROLLBACK|DELETE)_/.test(status),
      );
      const start = complete ? startValues(settings) : {};
      const leftBehind = await left.findLeftBehind(deployment, { signal });
      this.log(`deployment ${name} in ${account.region} of account ${account.id}`);
      for (const { name, status = "not there", reason, resources } of stacks) {
        this.log(`stack ${name}: ${status}${reason === undefined ? "" : ` (${reason})`}`);
        for (const { type, logicalId, physicalId = "", status } of resources)
          this.log(`  ${status.padEnd(16)} ${type} ${logicalId} ${physicalId}`);
      }
      for (const one of leftBehind) this.log(left.leftoverText(one));
      for (const words of choiceWords(remembered)) this.log(`chosen: ${words}`);
      for (const [key, value] of Object.entries(start)) this.log(`${key} = ${JSON.stringify(value)}`);
      if (complete) for (const line of gpuProfile(settings) ?? []) this.log(line);
      else {
        const { apply, destroy } = deployment.commands;
        this.log(`not finished, so \`start\` cannot use it: go on with \`${apply}\`, or go back with \`${destroy}\``);
        process.exitCode = 1;
      }
      return {
        schemaVersion: SCHEMA_VERSION,
        deployment: name,
        region: account.region,
        account: account.id,
        stacks,
        choices: remembered,
        complete,
        start,
        left: leftBehind,
      };
    });
  }
}
