import { Flags, type Interfaces } from "@oclif/core";
import type { Option } from "./option.ts";

/**
 * Makes oclif's flags from the table. They carry text only, no defaults and no variables: `resolveOptions` reads those, because it has to
 * know where each value came from.
 */
export function makeFlags(options: readonly Option[]): Interfaces.FlagInput {
  return Object.fromEntries(options.map((option) => [option.name, makeFlag(option)]));
}

function makeFlag(option: Option): Interfaces.FlagInput[string] {
  const { name, short, aliases, group, type } = option;
  const common = {
    summary: `${short !== undefined && short.length > 1 ? `(-${short}) ` : ""}${option.summary}.${defaultNote(option)}`,
    helpGroup: group.toUpperCase(),
    ...(short?.length === 1 && { char: short as "a" }),
    ...(aliases && { aliases: [...aliases] }),
    ...(option.ignored !== undefined && { hidden: true }),
  };
  if (type === "boolean") return Flags.boolean({ ...common, allowNo: true });
  if (type === "strings") {
    const many = { multiple: true, multipleNonGreedy: option.takesMany !== true } as const;
    return Flags.string({ ...common, ...many, helpValue: `<${name}>` });
  }
  const value = option.choices?.join("|") ?? `<${type}>`;
  return Flags.string({ ...common, helpValue: value });
}

/** The default in words, as help and documentation show it; `undefined` where there is none, or the obvious one. */
export function defaultText({ defaultText: text, default: value }: Option): string | undefined {
  if (text !== undefined) return text;
  if (value === undefined || value === false) return undefined;
  if (value === true) return "yes";
  return typeof value === "object" ? undefined : String(value);
}

function defaultNote(option: Option): string {
  const note = defaultText(option);
  return note === undefined ? "" : ` Default: ${note}.`;
}
