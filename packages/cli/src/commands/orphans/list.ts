import { Flags } from "@oclif/core";
import { SCHEMA_VERSION } from "../../base-command.ts";
import { BUNDLED_OPTIONS } from "../../options/bundled-options.ts";
import { makeFlags } from "../../options/flags.ts";
import { leaseText, type ManagerState } from "../../orphans/managers.ts";
import { OrphansCommand } from "../../orphans-command.ts";

/** What `orphans list --json` prints. */
export interface OrphanList {
  readonly schemaVersion: number;
  readonly managers: readonly ManagerState[];
  /** Where was looked, and nowhere else: names of settings and their values. */
  readonly places: readonly string[];
}

export default class OrphansList extends OrphansCommand {
  static override summary = "List the jobs of a manager that may still run, and whether the manager lives.";
  static override description =
    `Takes the flags of \`start\`, and reads the same variables and files; a job definition is not needed, and the queue may be disabled. Where the manager lives they are its work; where it does not they are orphans, until the next manager of this id takes them over.`;
  static override usage = "orphans list [SCHEDULER_ADDRESS] [--all] [--json] [FLAGS OF start]";
  static override examples = [
    "<%= config.bin %> orphans list tcp://10.0.0.5:8516 -q my-queue --s3-bucket my-bucket",
    "<%= config.bin %> orphans list --all --config cluster.toml --json",
  ];
  static override flags = {
    all: Flags.boolean({
      summary: "Of every manager that has had a lease in this bucket and prefix, in the queues of these settings.",
    }),
    ...makeFlags(BUNDLED_OPTIONS),
  };

  async run(): Promise<OrphanList> {
    const { keeper, flags } = await this.openKeeper();
    await using _open = keeper;
    const managers: ManagerState[] = [];
    for (const managerId of await keeper.managers(flags["all"] === true)) managers.push(await keeper.look(managerId));
    this.log(`looked at ${keeper.places.join(", ")}`);
    if (managers.length === 0) this.log("no manager has had a lease here");
    for (const { managerId, lease, jobs } of managers) {
      this.log(`manager ${managerId}: ${leaseText(lease)}; live jobs: ${jobs.length}`);
      for (const { name, children } of jobs)
        this.log(`  ${name}  ${children} ${children === 1 ? "child" : "children"}`);
    }
    return { schemaVersion: SCHEMA_VERSION, managers, places: keeper.places };
  }
}
