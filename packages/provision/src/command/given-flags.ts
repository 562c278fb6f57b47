/** A token of a command line, as oclif's parser tells it. */
type Token = { readonly type: "flag"; readonly flag: string; readonly input: string } | { readonly type: "arg" };

/** Flags that say how a run goes, not what it makes, or that the commands in messages have anyway. */
const NOT_REPEATED: ReadonlySet<string> = new Set([
  ...["prefix", "region", "json", "quiet", "help"],
  ...["wait", "emit", "detailed-exitcode"],
]);

/**
 * What was given on a command line, to go on with the same: each word with a blank before it, ready for a shell.
 * @param flags definitions, by name
 */
export function givenFlags(raw: readonly Token[], flags: Readonly<Record<string, { readonly type: string }>>): string {
  const words = raw.flatMap((token) => {
    if (token.type !== "flag" || NOT_REPEATED.has(token.flag)) return [];
    const { flag, input } = token;
    // Of a switch the parser tells how it was written: --no-node.
    if (flags[flag]?.type === "boolean") return [input.startsWith("--no-") ? `--no-${flag}` : `--${flag}`];
    return input === "" ? [`--${flag}=`] : [`--${flag}`, shellWord(input)];
  });
  return words.map((word) => ` ${word}`).join("");
}

/** A word as a POSIX shell takes it. */
export const shellWord = (text: string): string =>
  /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
