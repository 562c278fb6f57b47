import { Flags } from "@oclif/core";
import { PLACE_FLAGS, ProvisionCommand, SCHEMA_VERSION } from "../../command/provision-command.ts";
import type { Deployment } from "../../deployment/deployment.ts";
import type { Doomed } from "../../deployment/destroy-deployment.ts";
import type { Leftover } from "../../deployment/leftovers.ts";

/** What `provision destroy --json` prints. */
export interface DestroyResult {
  readonly schemaVersion: typeof SCHEMA_VERSION;
  readonly deployment: string;
  readonly region: string;
  readonly account: string;
  /** How many of each were deleted, or stopped. */
  readonly deleted: { readonly objects: number; readonly images: number; readonly jobs: number };
  /** What is still there; the exit code is then 1. */
  readonly leftovers: readonly Leftover[];
}

/** Milliseconds between looks at a stack. */
const POLL_MS = 3_000;

export default class ProvisionDestroy extends ProvisionCommand {
  static override summary = "Remove a deployment with everything in it: tasks' data, images, logs.";
  static override description =
    `Refuses what this program did not make, and while there are jobs that are not over. Asks before. Whatever ended it before, it goes on from there. When something is left, or there is no such deployment, it says so, and the exit code is 1.`;
  static override examples = [
    "<%= config.bin %> <%= command.id %>",
    "<%= config.bin %> <%= command.id %> --yes --terminate-jobs --prefix team-a --region eu-west-1",
  ];
  static override hiddenAliases = ["provision:cleanup"];
  static override flags = {
    ...PLACE_FLAGS,
    yes: Flags.boolean({ summary: "Do not ask. Needed where nobody can be asked." }),
    wait: Flags.boolean({ summary: "Wait for an operation on the stacks that is under way, instead of refusing." }),
    "terminate-jobs": Flags.boolean({ summary: "Stop jobs that are not over." }),
    config: Flags.string({ hidden: true, summary: "Accepted and ignored: files are left alone." }),
    "env-file": Flags.string({ hidden: true, summary: "Accepted and ignored: files are left alone." }),
  };

  protected override readonly goesOn = "destroy";

  async run(): Promise<DestroyResult> {
    const { flags } = await this.parse(ProvisionDestroy);
    this.beQuiet(flags.quiet);
    const [{ assertIdle, destroyDeployment, findDoomed, findNamesakes }, { pause }, { nothingThere }] =
      await Promise.all([
        import("../../deployment/destroy-deployment.ts"),
        import("../../stacks/waiting.ts"),
        import("../../deployment/deployment.ts"),
      ]);
    const { leftoverText } = await import("../../deployment/leftovers.ts");
    return await this.withDeployment(flags, async (deployment, signal) => {
      if (deployment.base === undefined && deployment.compute === undefined) {
        const namesakes = await findNamesakes(deployment, { signal });
        // A name that was mistyped is more likely than one that is gone.
        if (namesakes.length === 0) throw nothingThere(deployment);
        this.log(nothingThere(deployment).message.replace(/^\[[a-z]+\] /, ""));
        return this.#result(deployment, NOTHING, namesakes, leftoverText);
      }
      const doomed = await findDoomed(deployment, { signal });
      const terminateJobs = flags["terminate-jobs"];
      if (!terminateJobs) assertIdle(doomed, deployment);
      for (const line of doomedLines(doomed)) this.say(line);
      await this.confirm(`Remove the deployment ${deployment.name} with all of this?`, flags.yes, signal);
      const tools = { pause, say: this.say, pollMs: POLL_MS, terminateJobs, wait: flags.wait };
      const { leftovers, ...deleted } = await destroyDeployment(deployment, doomed, tools, { signal });
      this.log(`deleted ${deleted.objects} objects, ${deleted.images} images; stopped ${deleted.jobs} jobs`);
      return this.#result(deployment, deleted, leftovers, leftoverText);
    });
  }

  #result(
    { name, account }: Deployment,
    deleted: DestroyResult["deleted"],
    leftovers: readonly Leftover[],
    textOf: (leftover: Leftover) => string,
  ): DestroyResult {
    for (const leftover of leftovers) this.log(textOf(leftover));
    if (leftovers.length > 0) process.exitCode = 1;
    const { id, region } = account;
    return { schemaVersion: SCHEMA_VERSION, deployment: name, region, account: id, deleted, leftovers };
  }
}

const NOTHING = { objects: 0, images: 0, jobs: 0 };

function doomedLines({ base, compute, jobs }: Doomed): readonly string[] {
  const held = [...compute, ...base].filter(({ status }) => status !== "DELETE_COMPLETE");
  return [
    ...held.map(({ type, logicalId, physicalId }) => `- ${type} ${physicalId ?? logicalId}`),
    ...(jobs.length === 0 ? [] : [`- ${jobs.length} jobs that are not over`]),
  ];
}
