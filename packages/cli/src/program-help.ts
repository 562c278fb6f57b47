import { type Command, Help } from "@oclif/core";
import { makeFlags } from "./options/flags.ts";
import { startOptions } from "./options/start-options.ts";
import { installedPlugins, namedPluginFolders } from "./plugins/installed-plugins.ts";

/** Commands that take every option of `start`. */
const WITH_OPTIONS = /^(?:start|config:show|orphans:[a-z]+)$/;

/** oclif's help, with the flags that installed plugins bring: they are known when plugins are, not when the program was packed. */
export class ProgramHelp extends Help {
  override async showCommandHelp(command: Command.Loadable): Promise<void> {
    if (!WITH_OPTIONS.test(command.id)) return await super.showCommandHelp(command);
    const plugins = await installedPlugins(this.config, namedPluginFolders(process.argv, process.env));
    const flags = makeFlags(startOptions(plugins)) as unknown as Record<string, Command.Flag.Cached>;
    await super.showCommandHelp({ ...command, flags: { ...flags, ...command.flags } });
  }
}
