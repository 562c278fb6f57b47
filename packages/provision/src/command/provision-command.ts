import { Command, Flags } from "@oclif/core";
import type { Account } from "../account/account.ts";
import type { Deployment } from "../deployment/deployment.ts";
import { DEFAULT_DEPLOYMENT } from "../settings/settings-defaults.ts";
import { Interrupted, interruptible } from "./interrupts.ts";

/** Version of every document that these commands print; raised when a field changes its meaning or goes. */
export const SCHEMA_VERSION = 1;

/** The variable that stands for a flag. */
export const variable = (flag: string): string => `SCALER_AWS_HPC_PROVISION_${flag.replaceAll("-", "_").toUpperCase()}`;

/** Flags that say which deployment. */
export const PLACE_FLAGS = {
  region: Flags.string({
    // As `start` calls it.
    aliases: ["aws-region"],
    summary: "AWS region. [default: that of the environment or the profile, else us-east-1]",
    env: variable("region"),
  }),
  prefix: Flags.string({
    aliases: ["deployment"],
    summary: "Name of the deployment, with which all its names begin.",
    default: DEFAULT_DEPLOYMENT,
    env: variable("prefix"),
  }),
  quiet: Flags.boolean({ summary: "Say nothing of the progress." }),
};

/** The place that {@link PLACE_FLAGS} name. */
export interface Place {
  readonly region: string | undefined;
  readonly prefix: string;
}

/** What these commands have in common: `--json`, one way to fail, progress on stderr, a clean end at Ctrl-C. Loads nothing of the SDK. */
export abstract class ProvisionCommand extends Command {
  static override enableJsonFlag = true;

  /** Flags that go on with what was asked for, where this command asks for something; each with a blank before it. */
  protected given = "";

  /** What goes on after an interruption. */
  protected readonly goesOn: "apply" | "destroy" = "apply";

  #quiet = false;

  /** Progress, for a person: to stderr, also with `--json`. */
  protected readonly say = (line: string): void => {
    if (!this.#quiet) process.stderr.write(`${line}\n`);
  };

  protected beQuiet(quiet: boolean): void {
    this.#quiet = quiet;
  }

  /**
   * Looks the deployment up and does something with it. When that is interrupted, what exists and how to go on is the error's text.
   */
  protected async withDeployment<T>(
    { region: named, prefix }: Place,
    work: (deployment: Deployment, signal: AbortSignal) => Promise<T>,
  ): Promise<T> {
    let found: Deployment | undefined;
    const last = (): string =>
      found === undefined ? "nothing was changed" : `look what there is with \`${found.commands.show}\``;
    return await interruptible(async (signal) => {
      // Where nothing answers the SDK tries for minutes.
      const late = setTimeout(() => this.say("AWS has not answered yet; still trying, Ctrl-C ends"), LATE_MS);
      const account = await this.openAccount(named, signal).catch((reason: unknown) => {
        clearTimeout(late);
        throw reason;
      });
      try {
        const { findDeployment } = await import("../deployment/deployment.ts");
        found = await findDeployment(account, prefix, { signal, given: this.given });
        clearTimeout(late);
        return await work(found, signal);
      } catch (reason) {
        throw reason === signal.reason && found !== undefined ? await explain(found, signal, this.goesOn) : reason;
      } finally {
        clearTimeout(late);
        account[Symbol.dispose]();
      }
    }, last);
  }

  /** Asks before something is done. @throws with exit code 2 where nobody can be asked, 1 when the answer is no */
  protected async confirm(question: string, yes: boolean, signal: AbortSignal): Promise<void> {
    if (yes) return;
    if (!process.stdin.isTTY || this.jsonEnabled()) {
      this.error(`${question} nobody can be asked here: give --yes`, { exit: 2 });
    }
    const { createInterface } = await import("node:readline/promises");
    const terminal = createInterface({ input: process.stdin, output: process.stderr });
    // In a question Ctrl-C is a key, not a signal.
    terminal.on("SIGINT", () => process.kill(process.pid, "SIGINT"));
    try {
      const answer = await terminal.question(`${question} [y/N] `, { signal });
      if (!/^y(es)?$/i.test(answer.trim())) this.error("nothing was changed", { exit: 1 });
    } catch (reason) {
      throw signal.aborted ? signal.reason : reason;
    } finally {
      terminal.close();
    }
  }

  /** With `--json` the error is the document; otherwise the program prints it. The exit code is the same. */
  protected override async catch(reason: Error): Promise<void> {
    const [{ AdapterError, isAdapterError }, { errorDocument, oclifExit }, { usageError }] = await Promise.all([
      import("@scaler-aws-hpc/adapter-core"),
      import("./error-document.ts"),
      import("./usage-error.ts"),
    ]);
    const known = isAdapterError(reason) || oclifExit(reason) !== undefined;
    const error = known
      ? usageError(reason, this.ctor.flags, this.argv, process.env)
      : new AdapterError("internal", `${reason.message}; this is a bug, please report it`, { cause: reason });
    if (!this.jsonEnabled()) throw error;
    const document = errorDocument(error);
    process.exitCode = document.error.exitCode;
    this.logJson(document);
  }

  private async openAccount(named: string | undefined, signal: AbortSignal): Promise<Account & Disposable> {
    const [{ openAccount }, { configuredRegion }] = await Promise.all([
      import("../account/account.ts"),
      import("../account/identity.ts"),
    ]);
    return await openAccount(named ?? (await configuredRegion(process.env)), { signal });
  }
}

/** Milliseconds of silence after which somebody wonders. */
const LATE_MS = 10_000;

/** Longest that an interrupted command looks around, in milliseconds. */
const LOOK_MS = 10_000;

async function explain(deployment: Deployment, { reason }: AbortSignal, goesOn: "apply" | "destroy"): Promise<Error> {
  const { describeStacks } = await import("../deployment/describe-stacks.ts");
  const lines = await describeStacks(deployment, { signal: AbortSignal.timeout(LOOK_MS) });
  const { apply, destroy, show } = deployment.commands;
  const next =
    goesOn === "destroy"
      ? `go on with \`${destroy} --wait\`, look with \`${show}\``
      : `go on with \`${apply} --wait\`, look with \`${show}\`, go back with \`${destroy} --wait\``;
  const signal = reason instanceof Interrupted ? reason.signal : "SIGTERM";
  return new Interrupted(signal, [`stopped by ${signal}; what exists now:`, ...lines, next].join("\n"));
}
