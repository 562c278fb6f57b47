import { AdapterError } from "../contracts/adapter-error.ts";
import type { BackendFactory, PayloadStoreFactory, Plugin } from "../contracts/plugin.ts";
import type { RunnerRecord } from "../contracts/runner.ts";
import { didYouMean } from "./did-you-mean.ts";
import { checkPlugin } from "./plugin-shape.ts";

/** Where a plugin came from, for messages and listings. */
export interface PluginSource {
  /** Name of the npm package. */
  readonly package: string;
  readonly version: string;
  /** How it got here: with the program, by `plugins install`, by `plugins link`, or by `--plugin`. */
  readonly origin: "core" | "user" | "link" | "flag";
}

/** A plugin that was taken in. */
export interface LoadedPlugin extends PluginSource {
  readonly plugin: Plugin;
}

/**
 * What the loaded plugins contribute, by name.
 *
 * A plugin is taken in whole or not at all: a name that another plugin already has refuses it, so that what `--backend NAME` means never
 * depends on the order of loading.
 */
export class PluginRegistry {
  readonly #plugins: LoadedPlugin[] = [];
  readonly #backends = new Map<string, BackendFactory>();
  readonly #stores = new Map<string, PayloadStoreFactory>();
  readonly #runners = new Map<string, RunnerRecord>();
  readonly #owners = new Map<string, string>();

  /**
   * Checks a plugin's module and takes it in.
   *
   * @param exported the module's namespace.
   * @throws {AdapterError} `incompatible`, `config` (see {@link checkPlugin}), or `conflict` for a name that is taken; nothing is taken in then.
   */
  add(exported: unknown, source: PluginSource): LoadedPlugin {
    const plugin = checkPlugin(exported);
    const { backends = [], payloadStores = [], runners = [] } = plugin;
    const claims = [
      ...backends.map(({ name }) => `backend ${name}`),
      ...payloadStores.map(({ name }) => `payload store ${name}`),
      ...runners.map(({ name }) => `runner ${name}`),
    ];
    const seen = new Set<string>();
    for (const claim of claims) {
      const owner = seen.has(claim) ? source.package : this.#owners.get(claim);
      if (owner !== undefined)
        throw new AdapterError("conflict", `${claim} is already contributed by ${owner}; uninstall one of the two`);
      seen.add(claim);
    }
    for (const claim of claims) this.#owners.set(claim, source.package);
    for (const backend of backends) this.#backends.set(backend.name, backend);
    for (const store of payloadStores) this.#stores.set(store.name, store);
    for (const runner of runners) this.#runners.set(runner.name, runner);
    const loaded = { ...source, plugin };
    this.#plugins.push(loaded);
    return loaded;
  }

  /** Every plugin that was taken in, in order. */
  get plugins(): readonly LoadedPlugin[] {
    return this.#plugins;
  }

  /** Every runner, first the one that is asked first. */
  get runners(): readonly RunnerRecord[] {
    return [...this.#runners.values()].sort((a, b) => (a.order ?? 0) - (b.order ?? 0) || (a.name < b.name ? -1 : 1));
  }

  get backends(): readonly BackendFactory[] {
    return [...this.#backends.values()];
  }

  get payloadStores(): readonly PayloadStoreFactory[] {
    return [...this.#stores.values()];
  }

  /** @throws {AdapterError} `config`, naming what is installed and the closest name. */
  backend(name: string): BackendFactory {
    return this.#backends.get(name) ?? notInstalled("backend", name, this.#backends.keys());
  }

  /** @throws {AdapterError} `config`, naming what is installed and the closest name. */
  payloadStore(name: string): PayloadStoreFactory {
    return this.#stores.get(name) ?? notInstalled("payload store", name, this.#stores.keys());
  }
}

function notInstalled(kind: string, name: string, known: Iterable<string>): never {
  const installed = [...known].sort();
  const close = didYouMean(name, installed);
  const next =
    close === undefined
      ? `choose one of them with --${kind.replace(" ", "-")}, or add its plugin with \`plugins install\``
      : `did you mean ${JSON.stringify(close)}?`;
  const list = installed.length === 0 ? "none" : installed.join(", ");
  throw new AdapterError(
    "config",
    `${kind} ${JSON.stringify(name.slice(0, 64))} is not installed; installed: ${list}; ${next}`,
  );
}
