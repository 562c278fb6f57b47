import type { BackendFactory, OptionSpec, PayloadStoreFactory, PluginOptions } from "@scaler-aws-hpc/adapter-core";
import { CliError } from "../cli-error.ts";
import { environmentName, type Option, type OptionType } from "./option.ts";
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
  const sharers = new Map<string, OptionOwner[]>();
  for (const owner of owners) {
    for (const spec of owner.options ?? []) {
      const known = byName.get(spec.name);
      if (known !== undefined && plain(known.type) !== spec.type) {
        const text = `plugin option --${spec.name} of ${owner.name}: expected type ${plain(known.type)}, as elsewhere, got ${spec.type}`;
        throw new CliError("config", text);
      }
      const share = sharers.get(spec.name);
      if (known !== undefined && share === undefined) continue;
      sharers.set(spec.name, [...(share ?? []), owner]);
      const free = known?.short === undefined && spec.char !== undefined && !shorts.has(spec.char);
      if (spec.char !== undefined) shorts.add(spec.char);
      byName.set(spec.name, merge(known, spec, free));
    }
  }
  return [...byName.values()].map((option) => {
    const share = sharers.get(option.name);
    return share === undefined
      ? option
      : { ...option, summary: `${option.summary} (${sharersNote(option.name, share)})` };
  });
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

/** Refuses to go on without what the owners need. @throws {CliError} `config`, one line for each option */
export function requireOptions(owners: readonly OptionOwner[], resolved: Resolved): void {
  const missing = owners.flatMap((owner) => {
    const values = optionsOf(owner, resolved);
    return (owner.options ?? [])
      .filter(({ name, required }) => required === true && values[name] === undefined)
      .map((spec) => ({ owner, spec }));
  });
  const [first, ...rest] = [
    ...new Map(missing.map(({ owner, spec }) => [spec.name, missingLine(owner, spec)])).values(),
  ];
  if (first !== undefined) throw new CliError("config", [first, ...rest.map((line) => `[config] ${line}`)].join("\n"));
}

/** What tells this deployment from others, as the owners say: name and value of each such option, in order of name. */
export function identityOf(owners: readonly OptionOwner[], resolved: Resolved): readonly string[] {
  const pairs = owners.flatMap((owner) => {
    const values = optionsOf(owner, resolved);
    return (
      (owner.options ?? [])
        .filter(({ name, identifies }) => identifies === true && values[name] !== undefined)
        // A prefix with and without a slash at its end is one place.
        .map(({ name }) => `${name}=${String(values[name]).replaceAll(/^\/+|\/+$/g, "")}`)
    );
  });
  return [...new Set(pairs)].sort();
}

function missingLine(owner: OptionOwner, { name, char, env = [], summary }: OptionSpec): string {
  const flags = [`--${name}`, ...(char === undefined ? [] : [`-${char}`])].join(" or ");
  const variables = [environmentName(name), ...env].join(" or ");
  const [what = ""] = summary.replace(/\.$/, "").split(/\.? Default: /);
  return `${owner.name} needs --${name}: ${what}; give ${flags}, set ${variables}, or write ${name.replaceAll("-", "_")} in a file`;
}

function merge(known: Option | undefined, spec: OptionSpec, withShort: boolean): Option {
  const env = [...new Set([...(known?.env ?? []), ...(spec.env ?? [])])];
  // Plugins say in words what counts where they declare no default.
  const [summary = "", words] = spec.summary.replace(/\.$/, "").split(/\.? Default: /);
  return {
    name: spec.name,
    type: spec.type,
    group: spec.group ?? "Runners and plugins",
    summary,
    ...(words !== undefined && { defaultText: words }),
    ...(withShort && spec.char !== undefined && { short: spec.char }),
    ...(spec.default !== undefined && { default: spec.default }),
    // The first to declare an option describes it.
    ...known,
    ...(env.length > 0 && { env }),
  };
}

function sharersNote(name: string, owners: readonly OptionOwner[]): string {
  const required = owners.some(({ options = [] }) => options.some((spec) => spec.name === name && spec.required));
  return [...new Set(owners.map((owner) => owner.name)), ...(required ? ["required"] : [])].join(", ");
}

/** What a plugin, which knows three types, calls ours. */
function plain(type: OptionType): OptionSpec["type"] | undefined {
  if (type === "boolean" || type === "integer") return type;
  return type === "string" || type === "address" || type === "choice" ? "string" : undefined;
}
