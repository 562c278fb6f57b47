import type { AbortOptions } from "./abort-options.ts";
import type { AdapterErrorCode } from "./adapter-error.ts";
import type { HostServices } from "./host.ts";
import type { PluginOptions, ProfileSpec } from "./plugin.ts";
import type { RunnerCommandOptions, RunnerRecord } from "./runner.ts";

/** What a {@link Check} found: one line for the user. */
export interface Finding {
  /** `ok`; `warning`: works, but is not as it should be, or could not be looked at; `fault`: `start` would fail, or its tasks would. */
  readonly level: "ok" | "warning" | "fault";
  /** What is so, with the name of the thing that was looked at. One line. */
  readonly text: string;
  /** What to do, as an imperative. One line; every warning and fault has one. */
  readonly fix?: string;
  /** What kind of fault it is; decides the exit code. @default "config" */
  readonly code?: AdapterErrorCode;
}

/**
 * One precondition that `scaler-aws-hpc doctor` looks at.
 *
 * It changes nothing, or removes what it made. It reads what it needs when it runs, not when it is made: most commands that load a plugin never run one.
 * What several checks of a plugin look at is asked for once and kept by the plugin, without the signal of any of them: one that ends must not end what others
 * wait for.
 */
export interface Check {
  /** Unique among all checks, and stable: scripts look for it. Kebab-case; `:NAME` behind it where there are several of a kind. Of two with one id the first counts. */
  readonly id: string;
  /** Heading; checks of one heading stand together, in the order in which headings first appear. */
  readonly group: string;
  /** What is looked at, as a noun: `bucket my-bucket`. */
  readonly title: string;
  /** Ids of checks without whose success this one says nothing: it is not run when one of them has a fault or was not run. Ids that nobody has are passed over. */
  readonly needs?: readonly string[];
  /** Milliseconds after which it is given up. @default 15_000 */
  readonly limitMs?: number;
  /**
   * Looks. A rejection is a fault too: an {@link AdapterError} with its code and words (`what is wrong; what to do`), others as a bug.
   * @returns at least one finding
   */
  run(options: AbortOptions): Promise<readonly Finding[]>;
}

/** What checks are made with. */
export interface CheckHost extends HostServices {
  /** The default profile first. */
  readonly profiles: readonly ProfileSpec[];
  readonly runners: readonly RunnerRecord[];
  readonly runnerOptions: RunnerCommandOptions;
  /** Name of the payload store that is used. */
  readonly storeName: string;
  /** `start`: would a manager run? `provision`: could an account be set up? */
  readonly purpose: "start" | "provision";
  /** Has something called once all checks are over: for clients that a check opened. */
  defer(close: () => void): void;
}

/** What `start` would open, for checks of a plugin that is neither the backend nor the store. */
export interface CheckedDeployment {
  /** Name of the backend, and the values of its options. */
  readonly backend: { readonly name: string; readonly options: PluginOptions };
  /** Name of the payload store, and the values of its options. */
  readonly store: { readonly name: string; readonly options: PluginOptions };
}

/** A finding that all is well. */
export const ok = (text: string): Finding => ({ level: "ok", text });

/** A finding of something that works and should be otherwise, or could not be looked at. */
export const warning = (text: string, fix: string): Finding => ({ level: "warning", text, fix });

/** A finding that keeps `start`, or its tasks, from working. */
export const fault = (text: string, fix: string, code: AdapterErrorCode = "config"): Finding => ({
  level: "fault",
  text,
  fix,
  code,
});
