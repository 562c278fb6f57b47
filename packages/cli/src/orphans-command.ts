import type { Log } from "@scaler-aws-hpc/adapter-core";
import { lateWord } from "./late-word.ts";
import { OrphanKeeper } from "./orphans/orphan-keeper.ts";
import { findDeployment, workerManagerIdOf } from "./start/deployment.ts";
import { StartCommand } from "./start-command.ts";

/** What `orphans list` and `orphans kill` have in common: the settings of `start`, and somebody who looks after its jobs. */
export abstract class OrphansCommand extends StartCommand {
  /** Opens the deployment of the command line. @throws {CliError | AdapterError} */
  protected async openKeeper(): Promise<{
    readonly keeper: OrphanKeeper;
    readonly flags: Readonly<Record<string, unknown>>;
  }> {
    const { resolved, plugins, flags } = await this.readOptions();
    const deployment = findDeployment(resolved, plugins.registry, "keep");
    // A command line that names no manager should fail before anything is connected.
    if (flags["all"] !== true) workerManagerIdOf(deployment);
    using _late = lateWord(() => this.say("still waiting for an answer of payload store and backend; Ctrl-C ends"));
    return { keeper: await OrphanKeeper.open(deployment, this.#log()), flags };
  }

  #log(): Log {
    const quiet = (): void => undefined;
    const tell = (message: string): void => this.say(`warning: ${message}`);
    return { debug: quiet, info: quiet, warn: tell, error: tell };
  }
}
