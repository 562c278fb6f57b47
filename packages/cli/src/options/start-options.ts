import type { ProfileSpec } from "@scaler-aws-hpc/adapter-core";
import type { LoadedPlugins } from "../plugins/load-plugins.ts";
import { readConfigFiles } from "./config-file.ts";
import { environmentName, type Option } from "./option.ts";
import { withPluginOptions } from "./plugin-options.ts";
import { readProfiles } from "./profiles.ts";
import { type Resolved, resolveOptions } from "./resolve-options.ts";
import { OPTIONS } from "./table.ts";

/** Where a run of `start` or `config show` gets its settings from. */
export interface StartSources {
  readonly flags: Readonly<Record<string, unknown>>;
  /** The address without a flag. */
  readonly positional: string | undefined;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly workingFolder: string;
  readonly configFolder: string;
}

/** Settings after every source was read. */
export interface StartOptions extends Resolved {
  readonly profiles: readonly ProfileSpec[];
}

/** Every option there is with the plugins that are loaded. @throws {CliError} `config` */
export function startOptions({ registry }: LoadedPlugins): readonly Option[] {
  return withPluginOptions(OPTIONS, [...registry.backends, ...registry.payloadStores]);
}

/** Reads files and decides every option. @throws {CliError} `usage`, `config` */
export async function resolveStartOptions(options: readonly Option[], sources: StartSources): Promise<StartOptions> {
  const { flags, positional, environment, workingFolder, configFolder } = sources;
  const named = flags["config"] ?? (environment[environmentName("config")] || undefined);
  const explicit = typeof named === "string" ? named : undefined;
  const files = await readConfigFiles({ explicit, workingFolder, configFolder });
  const address = flags["scheduler-address"] ?? positional;
  const withAddress = address === undefined ? flags : { ...flags, "scheduler-address": address };
  return { ...resolveOptions(options, { flags: withAddress, environment, files }), profiles: readProfiles(files) };
}
