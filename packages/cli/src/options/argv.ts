import type { Option } from "./option.ts";

/**
 * Rewrites the short names that have more than one letter, which oclif would read as several flags: `-mcj 3`, `-mcj=3` become
 * `--max-concurrent-jobs 3`, `--max-concurrent-jobs=3`. Underscores in long names become hyphens. What stands behind `--` is left alone.
 */
export function normaliseArgv(argv: readonly string[], options: readonly Option[]): string[] {
  const longNames = new Map(
    options.flatMap(({ short, name }) => (short === undefined ? [] : [[short, name] as const])),
  );
  const end = argv.indexOf("--");
  const stop = end < 0 ? argv.length : end;
  return argv.flatMap((argument, index) => {
    if (index >= stop) return argument;
    const [, dashes, word = "", rest = ""] = /^(--?)([A-Za-z][A-Za-z0-9_-]*)(=.*)?$/s.exec(argument) ?? [];
    if (dashes === "--") return `--${word.replaceAll("_", "-")}${rest}`;
    if (dashes !== "-") return argument;
    // One letter is oclif's own business, a plugin's too, but for `-b=x`, which it would read as the value `=x`.
    if (word.length === 1) return rest === "" ? argument : [`-${word}`, rest.slice(1)];
    const name = longNames.get(word);
    return name === undefined ? argument : `--${name}${rest}`;
  });
}
