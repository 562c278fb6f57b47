import type { Backend } from "./backend.ts";
import type { Check, CheckedDeployment, CheckHost } from "./check.ts";
import type { HostServices } from "./host.ts";
import type { JobKeeper, KeeperHost } from "./job-keeper.ts";
import type { PayloadStore, StoreLocator } from "./payload-store.ts";
import type { RunnerCommandOptions, RunnerRecord } from "./runner.ts";

/** A resource profile as the user wrote it: one set of slots with the capabilities that its workers advertise. */
export interface ProfileSpec {
  readonly name: string;
  /** Live children at most, but for those that `ahead` allows. */
  readonly slots: number;
  /**
   * Children beyond the slots that may wait at the backend, so that the next begins the moment one ends. Only where something else than the slots bounds what
   * runs at once, such as the vCPUs of a compute environment ({@link BackendFactory.queues}). @default 0
   */
  readonly ahead?: number;
  /** Name to value as Scaler writes them; a bare name is -1. */
  readonly capabilities: Readonly<Record<string, number>>;
  /** Backend-specific settings (queue, definition, vCPU, memory ...), passed through. */
  readonly settings: Readonly<Record<string, unknown>>;
}

/** What a backend's factory gets besides {@link HostServices}. */
export interface BackendHost extends HostServices {
  readonly profiles: readonly ProfileSpec[];
  readonly runners: readonly RunnerRecord[];
  readonly runnerOptions: RunnerCommandOptions;
  readonly store: StoreLocator;
}

/** One setting of a plugin: becomes a flag, an environment variable and a TOML key of `scaler-aws-hpc start`. */
export interface OptionSpec {
  /** Long flag without dashes, kebab-case, e.g. `store-dir`. */
  readonly name: string;
  readonly type: "string" | "integer" | "boolean";
  readonly summary: string;
  readonly char?: string;
  readonly default?: string | number | boolean;
  /** Other environment variables that are read, after the one made from the name. */
  readonly env?: readonly string[];
  /** Heading in help and documentation, such as `AWS`. @default "Runners and plugins" */
  readonly group?: string;
  /** `start` refuses to begin without a value, and names every such option that has none. @default false */
  readonly required?: boolean;
  /**
   * Tells one deployment from another. Those of a store are part of every {@link HostServices.managerId}, and with those of the backend of the worker manager
   * id that is made for somebody who names none. @default false
   */
  readonly identifies?: boolean;
}

/** Values of a plugin's own {@link OptionSpec}s by name; absent ones without default are missing. */
export type PluginOptions = Readonly<Record<string, string | number | boolean | undefined>>;

/** A backend that a plugin contributes, chosen with `--backend NAME`. */
export interface BackendFactory {
  readonly name: string;
  readonly summary: string;
  readonly options?: readonly OptionSpec[];
  /**
   * The keys of {@link ProfileSpec.settings} that it takes; `start` refuses others with a suggestion, and documentation is made of these. The backend checks the
   * values. @default anything is passed on, and the backend checks the names too
   */
  readonly profileSettings?: readonly OptionSpec[];
  /** Name of the payload store used when the user names none. */
  readonly defaultStore: string;
  /** Submitted jobs wait at the backend for their turn, so that {@link ProfileSpec.ahead} makes sense; without it `start` refuses that. @default false */
  readonly queues?: boolean;
  /** Slots used when the user gives none. @default 100 */
  readonly defaultSlots?: () => number;
  /** Checks settings and preconditions and opens the backend. @throws {AdapterError} `config`, `denied`, `unavailable` */
  open(options: PluginOptions, host: BackendHost): Promise<Backend>;
  /**
   * Opens a keeper of the jobs that a manager left, for `orphans`. Options that it does not need may be missing, required ones among them.
   * @default there are no such jobs: they end with their manager
   * @throws {AdapterError} `config`, `denied`, `unavailable`
   */
  keep?(options: PluginOptions, host: KeeperHost): Promise<JobKeeper>;
  /**
   * What `doctor` looks at before anything is started: every precondition of {@link BackendFactory.open}, and of the jobs. Makes the list and opens
   * nothing; a promise, so that the code of checks is loaded for `doctor` alone.
   * @throws {AdapterError} `config` for a setting that is wrong in itself
   */
  checks?(options: PluginOptions, host: CheckHost): Promise<readonly Check[]>;
}

/** A payload store that a plugin contributes, chosen with `--payload-store NAME`. */
export interface PayloadStoreFactory {
  readonly name: string;
  readonly summary: string;
  readonly options?: readonly OptionSpec[];
  /** @throws {AdapterError} `config`, `denied`, `unavailable` */
  open(options: PluginOptions, host: HostServices): Promise<PayloadStore>;
  /** As {@link BackendFactory.checks}. @throws {AdapterError} `config` */
  checks?(options: PluginOptions, host: CheckHost): Promise<readonly Check[]>;
}

/**
 * What the module named by `"scalerAwsHpc": { "plugin": "./dist/plugin.js" }` in a package.json exports as `plugin`.
 * Checked by shape at load, never by class identity.
 */
export interface Plugin {
  readonly apiVersion: 1;
  readonly backends?: readonly BackendFactory[];
  readonly payloadStores?: readonly PayloadStoreFactory[];
  readonly runners?: readonly RunnerRecord[];
  /** What `doctor` looks at beside the checks of the backend and the store; `[]` where the deployment is none of its business. */
  checks?(deployment: CheckedDeployment, host: CheckHost): Promise<readonly Check[]>;
}
