import { AdapterError, didYouMean } from "@scaler-aws-hpc/adapter-core";

/** What is needed to know of a command's flags; oclif's own definitions fit. */
export type FlagShapes = Readonly<
  Record<string, { readonly env?: string | undefined; readonly aliases?: readonly string[] | undefined }>
>;

/** What oclif puts behind each error of its parser. */
const SEE_HELP = /\n?See more help with --help\s*$/;

/**
 * An error of oclif's parser as one line that names what is wrong: the flag, or the variable that stands for it; any other error as it is.
 * @param flags of the command
 * @param argv of the command
 */
export function usageError(
  reason: Error,
  flags: FlagShapes,
  argv: readonly string[],
  environment: Readonly<Record<string, string | undefined>>,
): Error {
  const unknown = unknownFlag(reason);
  if (unknown !== undefined) {
    const known = Object.entries(flags).flatMap(([name, { aliases = [] }]) => [name, ...aliases]);
    const close = didYouMean(unknown.replace(/^--?/, ""), known);
    return usage(`unknown flag ${unknown}; ${close === undefined ? "see --help" : `did you mean --${close}?`}`);
  }
  if (!SEE_HELP.test(reason.message)) return reason;
  const text = reason.message
    .replace(SEE_HELP, "")
    .replace(/^The following errors? occurred:/, "")
    .replaceAll(/\s+/g, " ")
    .trim();
  const { flag = "", what, got } = VALUE.map((pattern) => pattern.exec(text)?.groups).find(Boolean) ?? {};
  if (what === undefined) return usage(`${text.charAt(0).toLowerCase()}${text.slice(1)}; see --help`);
  const why = `expected ${what}, got ${JSON.stringify(got)}`;
  const variable = flags[flag]?.env;
  const said = [flag, ...(flags[flag]?.aliases ?? [])].some((name) =>
    argv.some((word) => word === `--${name}` || word.startsWith(`--${name}=`)),
  );
  return said || variable === undefined || !environment[variable]
    ? usage(`--${flag}: ${why}`)
    : new AdapterError("config", `${variable}: ${why}; correct or unset it, or say --${flag}`);
}

/** How oclif says that a value is wrong: which flag, what it expected, what it got. */
const VALUE: readonly RegExp[] = [
  /^Parsing --(?<flag>\S+) Expected (?<what>.+) but received: (?<got>.*)$/,
  /^Expected --(?<flag>[^\s=]+)=(?<got>.*) to be (?<what>one of: .+)$/,
];

function unknownFlag(reason: Error): string | undefined {
  const { flags } = reason as { readonly flags?: unknown };
  const [first] = Array.isArray(flags) && reason.message.startsWith("Nonexistent flag") ? flags : [];
  return typeof first === "string" ? first : undefined;
}

const usage = (text: string): Error => Object.assign(new Error(text), { oclif: { exit: 2 } });
