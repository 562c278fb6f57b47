import { Flags } from "@oclif/core";
import { CHOICE_FLAGS } from "../../command/choice-flags.ts";
import { givenFlags } from "../../command/given-flags.ts";
import { PLACE_FLAGS, ProvisionCommand, SCHEMA_VERSION } from "../../command/provision-command.ts";
import type { Plan, PlannedStack } from "../../deployment/make-plan.ts";
import type { CostCeiling } from "../../plan/cost.ts";

interface PlannedImageResult {
  readonly action: "use" | "build";
  /** `undefined` until it is built. */
  readonly uri: string | undefined;
  readonly repository: string;
}

/** What `provision plan --json` prints. */
export interface PlanResult {
  readonly schemaVersion: typeof SCHEMA_VERSION;
  readonly deployment: string;
  readonly region: string;
  readonly account: string;
  readonly changes: boolean;
  readonly stacks: readonly PlannedStack[];
  readonly image: PlannedImageResult;
  /** That of JavaScript tasks, where they are asked for. */
  readonly nodeImage?: PlannedImageResult;
  readonly cost: CostCeiling;
  /** What is to be said of the account's vCPU quotas. */
  readonly quotas: Plan["quotas"];
  /** What else is to be thought of before. */
  readonly warnings: readonly string[];
  /** Everything that decides what the deployment consists of, defaults included. */
  readonly settings: object;
  /** Files that `--emit` wrote. */
  readonly emitted: readonly string[];
}

export default class ProvisionPlan extends ProvisionCommand {
  static override summary = "Say what `provision apply` would do, and what an hour can cost. Changes nothing.";
  static override description =
    `Takes the flags of \`provision apply\`, reads what there is and compares. What was chosen before counts where nothing is said now; an empty value, as --subnets=, goes back to the default. With --detailed-exitcode it ends with 3 when there is something to change.`;
  static override examples = [
    "<%= config.bin %> <%= command.id %>",
    "<%= config.bin %> <%= command.id %> --region eu-west-1 --max-vcpus 512 --detailed-exitcode",
    "<%= config.bin %> <%= command.id %> --emit templates",
  ];
  static override flags = {
    ...PLACE_FLAGS,
    ...CHOICE_FLAGS,
    "detailed-exitcode": Flags.boolean({ summary: "End with 3 when there is something to change." }),
    emit: Flags.string({
      summary:
        "Write both CloudFormation templates into this folder, and the policies of whoever provisions and of `start`.",
      helpValue: "DIR",
    }),
  };

  async run(): Promise<PlanResult> {
    const { flags, raw } = await this.parse(ProvisionPlan);
    this.beQuiet(flags.quiet);
    this.given = givenFlags(raw, ProvisionPlan.flags);
    if (flags.emit === "") this.error("--emit: expected a folder, got an empty name", { exit: 2 });
    const [
      { makePlan, planLines },
      { costLines },
      { engineImageStep },
      { readChoices, readImageChoice },
      { nodeRunnerFile },
    ] = await Promise.all([
      import("../../deployment/make-plan.ts"),
      import("../../plan/cost.ts"),
      import("../../deployment/engine-image-step.ts"),
      import("../../command/read-choices.ts"),
      import("../../command/node-runner.ts"),
    ]);
    const imageChoice = readImageChoice(flags, nodeRunnerFile(this.config));
    return await this.withDeployment(flags, async (deployment, signal) => {
      const choices = readChoices(flags, deployment.remembered);
      const plan = await makePlan(deployment, choices, imageChoice, engineImageStep, { signal });
      for (const line of [...planLines(plan), ...costLines(plan.cost)]) this.log(line);
      const emitted = flags.emit === undefined ? [] : await emit(flags.emit, plan);
      for (const file of emitted) this.log(`wrote ${file}`);
      if (plan.hasChanges) this.log(`make it so with \`${deployment.commands.apply}\``);
      if (plan.hasChanges && flags["detailed-exitcode"]) process.exitCode = 3;
      const { settings } = plan.wanted;
      return {
        schemaVersion: SCHEMA_VERSION,
        deployment: settings.deployment,
        region: settings.region,
        account: settings.accountId,
        changes: plan.hasChanges,
        stacks: plan.stacks,
        image: imageResult(plan.image),
        ...(plan.nodeImage && { nodeImage: imageResult(plan.nodeImage) }),
        cost: plan.cost,
        quotas: plan.quotas,
        warnings: plan.warnings,
        settings,
        emitted,
      };
    });
  }
}

const imageResult = ({ action, uri, order }: Plan["image"] | NonNullable<Plan["nodeImage"]>): PlannedImageResult => ({
  action,
  uri,
  repository: order.repository,
});

async function emit(folder: string, { templates, wanted }: Plan): Promise<string[]> {
  const [{ join }, { writePrivateFile }, { policyFiles }] = await Promise.all([
    import("node:path"),
    import("../../files/private-file.ts"),
    import("../../files/policy-files.ts"),
  ]);
  const files: string[] = [];
  for (const [name, document] of Object.entries({ ...templates, ...policyFiles(wanted.settings) })) {
    const file = join(folder, `${name}.json`);
    await writePrivateFile(file, `${JSON.stringify(document, undefined, 2)}\n`);
    files.push(file);
  }
  return files;
}
