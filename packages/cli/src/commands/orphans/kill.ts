import { createInterface } from "node:readline/promises";
import { Flags } from "@oclif/core";
import { SCHEMA_VERSION } from "../../base-command.ts";
import { CliError } from "../../cli-error.ts";
import { BUNDLED_OPTIONS } from "../../options/bundled-options.ts";
import { makeFlags } from "../../options/flags.ts";
import { LEASE_MS, leaseText, type ManagerState, type ShownLease } from "../../orphans/managers.ts";
import type { KilledJobs, OrphanKeeper } from "../../orphans/orphan-keeper.ts";
import { OrphansCommand } from "../../orphans-command.ts";

/** What `orphans kill --json` prints. */
export interface OrphansKilled {
  readonly schemaVersion: number;
  readonly managers: readonly (KilledJobs & { readonly managerId: string })[];
  /** Managers that live, whose jobs were left alone. */
  readonly alive: readonly string[];
}

export default class OrphansKill extends OrphansCommand {
  static override summary = "Stop the jobs that a manager left behind.";
  static override description =
    `Takes the flags of \`start\`; a job definition is not needed, and the queue may be disabled. A manager that lives keeps its jobs: stop it first, or say --force, after which the tasks of those jobs are run again or fail by its rules. Tasks of a dead manager that a scheduler still waits for are assigned again.`;
  static override usage = "orphans kill [SCHEDULER_ADDRESS] [--all] [--yes] [--force] [--json] [FLAGS OF start]";
  static override examples = [
    "<%= config.bin %> orphans kill tcp://10.0.0.5:8516 -q my-queue --s3-bucket my-bucket",
    "<%= config.bin %> orphans kill --all --yes --config cluster.toml",
  ];
  static override flags = {
    all: Flags.boolean({
      summary: "Of every manager that has had a lease in this bucket and prefix, in the queues of these settings.",
    }),
    yes: Flags.boolean({ summary: "Do not ask. Needed where nobody can be asked." }),
    force: Flags.boolean({ summary: "Also stop the jobs of a manager that lives." }),
    ...makeFlags(BUNDLED_OPTIONS),
  };

  async run(): Promise<OrphansKilled> {
    const { keeper, flags } = await this.openKeeper();
    await using _open = keeper;
    const all = flags["all"] === true;
    const states: ManagerState[] = [];
    for (const managerId of await keeper.managers(all)) states.push(await keeper.look(managerId));
    const busy = states.filter(({ jobs }) => jobs.length > 0);
    const living = flags["force"] === true ? new Map<string, ShownLease>() : await this.#living(keeper, busy);
    for (const [managerId, lease] of living) {
      const text = `manager ${managerId} lives: ${leaseText(lease)}`;
      if (!all) throw new CliError("config", `${text}; stop it, or give --force`);
      this.say(`left alone: ${text}`);
    }
    const doomed = busy.filter(({ managerId }) => !living.has(managerId));
    const count = doomed.reduce((sum, { jobs }) => sum + jobs.length, 0);
    if (count > 0 && flags["yes"] !== true) await this.#confirm(count, doomed.length);
    const managers: (KilledJobs & { readonly managerId: string })[] = [];
    for (const state of doomed) {
      const killed = await keeper.kill(state);
      managers.push({ managerId: state.managerId, ...killed });
      for (const name of killed.jobs)
        this.log(`${name}: ${killed.stopping.includes(name) ? "asked to stop, not over yet" : "stopped"}`);
    }
    if (count === 0) this.log("there is nothing to stop");
    return { schemaVersion: SCHEMA_VERSION, managers, alive: [...living.keys()] };
  }

  #living(keeper: OrphanKeeper, states: readonly ManagerState[]): Promise<ReadonlyMap<string, ShownLease>> {
    return keeper.living(
      states.map(({ managerId }) => managerId),
      (count) => this.say(`looking for up to ${LEASE_MS / 1_000} s whether a lease is renewed: ${managersText(count)}`),
    );
  }

  async #confirm(jobs: number, managers: number): Promise<void> {
    const what = `${jobs} ${jobs === 1 ? "job" : "jobs"} of ${managersText(managers)}`;
    if (!process.stdin.isTTY || this.jsonEnabled())
      throw new CliError("usage", `would stop ${what}: nobody can be asked here, give --yes`);
    const terminal = createInterface({ input: process.stdin, output: process.stderr });
    try {
      const answer = await terminal.question(`Stop ${what}? [y/N] `);
      if (!/^y(es)?$/i.test(answer.trim())) throw new CliError("failure", "nothing was stopped");
    } finally {
      terminal.close();
    }
  }
}

const managersText = (count: number): string => `${count} ${count === 1 ? "manager" : "managers"}`;
