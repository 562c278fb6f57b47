import { BaseCommand, SCHEMA_VERSION } from "../../base-command.ts";
import { installedPlugins } from "../../plugins/installed-plugins.ts";
import type { BrokenPlugin } from "../../plugins/load-plugins.ts";

/** What `plugins --json` prints. */
export interface PluginList {
  readonly schemaVersion: number;
  readonly plugins: readonly ListedPlugin[];
  readonly broken: readonly BrokenPlugin[];
}

/** One plugin and what it contributes, by name. */
export interface ListedPlugin {
  readonly package: string;
  readonly version: string;
  /** `core`: comes with the program; `user`: by `plugins install`; `link`: by `plugins link`. */
  readonly origin: string;
  readonly backends: readonly string[];
  readonly payloadStores: readonly string[];
  readonly runners: readonly string[];
  /** The flags of `start` that it brings, without the hyphens. */
  readonly options: readonly string[];
}

export default class Plugins extends BaseCommand {
  static override summary =
    "List plugins and what each contributes: backends, payload stores, runners, flags of `start`.";
  static override description = "A plugin that cannot be used is one line that says why.";
  static override examples = ["<%= config.bin %> plugins", "<%= config.bin %> plugins install ./my-backend-1.0.0.tgz"];

  async run(): Promise<PluginList> {
    await this.parse(Plugins);
    const { registry, broken } = await installedPlugins(this.config);
    const plugins = registry.plugins.map(({ plugin, ...source }) => ({
      ...source,
      backends: names(plugin.backends),
      payloadStores: names(plugin.payloadStores),
      runners: names(plugin.runners),
      options: [
        ...new Set(
          [...(plugin.backends ?? []), ...(plugin.payloadStores ?? [])].flatMap((owner) => names(owner.options)),
        ),
      ],
    }));
    for (const { package: name, version, origin, backends, payloadStores, runners, options } of plugins) {
      const parts = [
        ...backends.map((backend) => `backend ${backend}`),
        ...payloadStores.map((store) => `payload store ${store}`),
        ...runners.map((runner) => `runner ${runner}`),
        ...options.map((option) => `--${option}`),
      ];
      this.log(`${name} ${version} (${origin}): ${parts.join(", ") || "nothing"}`);
    }
    for (const plugin of broken)
      this.log(`${plugin.package} ${plugin.version} (${plugin.origin}): broken: ${plugin.reason}`);
    return { schemaVersion: SCHEMA_VERSION, plugins, broken };
  }
}

const names = (list: readonly { readonly name: string }[] = []): readonly string[] => list.map(({ name }) => name);
