import type { BackendFactory, OptionSpec, PayloadStoreFactory, PluginOptions } from "@scaler-aws-hpc/adapter-core";
import { CliError } from "../cli-error.ts";
import type { Option, OptionType } from "./option.ts";
import type { Resolved } from "./resolve-options.ts";

/** What contributes options: a backend or a payload store. */
export type OptionOwner = Pick<BackendFactory | PayloadStoreFactory, "name" | "options">;

/**
 * The program's options and those of plugins in one table. An option that several declare (or the program has) is one option: `--python` means
 * the same to every backend that takes it. A short name that is taken is not given again.
 *
 * @throws {CliError} `config` when two mean different types by one name.
 */
export function withPluginOptions(own: readonly Option[], owners: readonly OptionOwner[]): readonly Option[] {
  const byName = new Map(own.map((option) => [option.name, option]));
  const shorts = new Set(own.flatMap(({ short }) => (short === undefined ? [] : [short])));
  for (const owner of owners) {
    for (const spec of owner.options ?? []) {
      const known = byName.get(spec.name);
      if (known === undefined) {
        const free = spec.char !== undefined && !shorts.has(spec.char);
        if (spec.char !== undefined) shorts.add(spec.char);
        byName.set(spec.name, fromSpec(spec, owner, free));
      } else if (plain(known.type) !== spec.type) {
        const text = `plugin option --${spec.name} of ${owner.name}: expected type ${plain(known.type)}, as elsewhere, got ${spec.type}`;
        throw new CliError("config", text);
      }
    }
  }
  return [...byName.values()];
}

/** The values that one owner declared an interest in; its own default counts where nothing was set. */
export function optionsOf(owner: OptionOwner, resolved: Resolved): PluginOptions {
  return Object.fromEntries(
    (owner.options ?? []).map((spec) => {
      const found = resolved.options.get(spec.name)?.value ?? spec.default;
      return [spec.name, typeof found === "object" ? undefined : found];
    }),
  );
}

function fromSpec(spec: OptionSpec, owner: OptionOwner, withShort: boolean): Option {
  return {
    name: spec.name,
    type: spec.type,
    group: "Runners and plugins",
    summary: `${spec.summary.replace(/\.$/, "")} (${owner.name})`,
    ...(withShort && spec.char !== undefined && { short: spec.char }),
    ...(spec.default !== undefined && { default: spec.default }),
  };
}

/** What a plugin, which knows three types, calls ours. */
function plain(type: OptionType): OptionSpec["type"] | undefined {
  if (type === "boolean" || type === "integer") return type;
  return type === "string" || type === "address" || type === "choice" ? "string" : undefined;
}
