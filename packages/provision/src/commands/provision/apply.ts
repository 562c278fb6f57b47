import { Flags } from "@oclif/core";
import { CHOICE_FLAGS } from "../../command/choice-flags.ts";
import { givenFlags, shellWord } from "../../command/given-flags.ts";
import { PLACE_FLAGS, ProvisionCommand, SCHEMA_VERSION, variable } from "../../command/provision-command.ts";
import type { Deployment } from "../../deployment/deployment.ts";
import type { Plan } from "../../deployment/make-plan.ts";

/** What `provision apply --json` prints. */
export interface ApplyResult {
  readonly schemaVersion: typeof SCHEMA_VERSION;
  readonly deployment: string;
  readonly region: string;
  readonly account: string;
  readonly changes: boolean;
  readonly stacks: readonly { readonly name: string; readonly action: string }[];
  /** By digest, or as it was given. */
  readonly image: string;
  /** That of JavaScript tasks, where they are asked for. */
  readonly nodeImage?: string;
  /** Files that were written, the one for `start` first. */
  readonly files: readonly string[];
  /** Settings of `start`, as they stand in the file. */
  readonly start: Readonly<Record<string, string | number>>;
  /** The command to go on with. */
  readonly next: string;
}

/** Milliseconds between looks at a stack. */
const POLL_MS = 3_000;

export default class ProvisionApply extends ProvisionCommand {
  static override summary = "Make everything that jobs on AWS Batch need, or bring it to what the flags say.";
  static override description =
    `Shows the plan, asks, and makes: a stack with bucket, repository, logs and roles; the image of the jobs (two with --node); a stack with environments, queue and job definitions. Again it changes only what differs; whatever ended it before, it goes on from there. What was chosen before counts where nothing is said now; an empty value, as --subnets=, goes back to the default.

Writes a file that \`start --config\` reads; of a file that is there it changes only its own keys. A running \`start\` goes on: new jobs run with the new definition.`;
  static override examples = [
    "<%= config.bin %> <%= command.id %>",
    "<%= config.bin %> <%= command.id %> --yes --region eu-west-1 --max-vcpus 512 --requirements requirements.txt",
    "<%= config.bin %> <%= command.id %> --config scaler.json --variables-file scaler.env",
  ];
  // The name of this action in the Python provisioner.
  static override hiddenAliases = ["provision:provision"];
  static override flags = {
    ...PLACE_FLAGS,
    ...CHOICE_FLAGS,
    yes: Flags.boolean({ summary: "Do not ask. Needed where nobody can be asked." }),
    wait: Flags.boolean({ summary: "Wait for an operation on the stacks that is under way, instead of refusing." }),
    "toml-file": Flags.string({
      summary: "File for `start --config`.",
      default: "scaler-aws-hpc.toml",
      env: variable("toml-file"),
      helpValue: "FILE",
    }),
    config: Flags.string({
      aliases: ["json-file"],
      summary: "Also write the JSON file of the Python provisioner.",
      helpValue: "FILE",
    }),
    // Node takes --env-file for itself, wherever it stands, and ends when there is no such file.
    "variables-file": Flags.string({
      aliases: ["env-file"],
      summary:
        "Also write the Python provisioner's file of variables, for `source`. --env-file works only for a file that is there: Node reads it first.",
      helpValue: "FILE",
    }),
  };

  async run(): Promise<ApplyResult> {
    const { flags, raw } = await this.parse(ProvisionApply);
    this.beQuiet(flags.quiet);
    this.given = givenFlags(raw, ProvisionApply.flags);
    const [
      { makePlan, planLines },
      { costLines },
      { engineImageStep },
      { readChoices, readImageChoice },
      files,
      { nodeRunnerFile },
      { gpuProfile },
    ] = await Promise.all([
      import("../../deployment/make-plan.ts"),
      import("../../plan/cost.ts"),
      import("../../deployment/engine-image-step.ts"),
      import("../../command/read-choices.ts"),
      import("../../deployment/write-files.ts"),
      import("../../command/node-runner.ts"),
      import("../../deployment/gpu-profile.ts"),
    ]);
    const imageChoice = readImageChoice(flags, nodeRunnerFile(this.config));
    const { wait } = flags;
    return await this.withDeployment(flags, async (deployment, signal) => {
      const choices = readChoices(flags, deployment.remembered);
      const plan = await makePlan(deployment, choices, imageChoice, engineImageStep, { signal, wait });
      for (const line of planLines(plan)) this.say(line);
      if (plan.hasChanges) for (const line of costLines(plan.cost)) this.say(line);
      const wishes = { toml: flags["toml-file"], json: flags.config, environment: flags["variables-file"] };
      const minutes = flags["job-timeout"];
      // A file that cannot be changed is found before anything is made.
      await files.checkFiles(plan.wanted.settings, wishes, minutes);
      if (plan.hasChanges) await this.confirm("Make these changes?", flags.yes, signal);
      const { applied, written, start } = await this.#apply(deployment, plan, wait, signal, async (image, compute) => {
        const { settings, names } = plan.wanted;
        const [environment] =
          wishes.json === undefined ? [] : await deployment.account.batch.environmentsOf(names.queue, { signal });
        return await files.writeFiles(settings, { compute, image, environment }, wishes, minutes);
      });
      const next = nextCommand(wishes.toml, deployment.account.region);
      const stacks = [applied.base, applied.compute].map(({ name, action }) => ({ name, action }));
      for (const { name, action } of stacks) this.log(`stack ${name}: ${action}`);
      const { image, nodeImage } = applied;
      this.log(`image: ${image}`);
      if (nodeImage !== undefined) this.log(`node image: ${nodeImage}`);
      for (const file of written) this.log(`wrote ${file}`);
      const profile = gpuProfile(plan.wanted.settings);
      if (profile !== undefined)
        this.log(`for tasks that ask for GPUs remove the # before these lines in ${wishes.toml}:`);
      for (const line of profile ?? []) this.log(line);
      this.log(`next: ${next}`);
      const { name, account } = deployment;
      return {
        schemaVersion: SCHEMA_VERSION,
        deployment: name,
        region: account.region,
        account: account.id,
        changes: stacks.some(({ action }) => action !== "unchanged"),
        stacks,
        image,
        ...(nodeImage !== undefined && { nodeImage }),
        files: written,
        start,
        next,
      };
    });
  }

  async #apply<T extends object>(
    deployment: Deployment,
    plan: Plan,
    wait: boolean,
    signal: AbortSignal,
    write: (image: string, compute: Applied["compute"]["resources"]) => Promise<T>,
  ): Promise<{ readonly applied: Applied } & T> {
    const [{ applyDeployment }, { engineImageStep }, { pause }, { describeStacks }] = await Promise.all([
      import("../../deployment/apply-deployment.ts"),
      import("../../deployment/engine-image-step.ts"),
      import("../../stacks/waiting.ts"),
      import("../../deployment/describe-stacks.ts"),
    ]);
    const tools = { imageStep: engineImageStep, wait, pause, say: this.say, pollMs: POLL_MS };
    try {
      const applied = await applyDeployment(deployment, plan, tools, { signal });
      return { applied, ...(await write(applied.image, applied.compute.resources)) };
    } catch (reason) {
      if (!signal.aborted) for (const line of await describeStacks(deployment, { signal })) this.say(`now: ${line}`);
      throw reason;
    }
  }
}

/** To `start` variables say more than a file does: one that names another region has to be overruled. */
function nextCommand(file: string, region: string): string {
  const { SCALER_AWS_HPC_AWS_REGION, SCALER_AWS_REGION, AWS_REGION, AWS_DEFAULT_REGION } = process.env;
  const said = SCALER_AWS_HPC_AWS_REGION || SCALER_AWS_REGION || AWS_REGION || AWS_DEFAULT_REGION || region;
  const flag = said === region ? "" : ` --aws-region ${region}`;
  return `scaler-aws-hpc start --config ${shellWord(file)}${flag} tcp://SCHEDULER:8516`;
}

type Applied = Awaited<ReturnType<typeof import("../../deployment/apply-deployment.ts").applyDeployment>>;
