import { didYouMean } from "@scaler-aws-hpc/adapter-core";
import { CliError } from "./cli-error.ts";

/** What {@link assertKnownFlags} needs to know about a flag; oclif's own definitions fit. */
export interface FlagShape {
  readonly type: "option" | "boolean";
  readonly char?: string | undefined;
  readonly aliases?: readonly string[] | undefined;
  readonly allowNo?: boolean | undefined;
}

/**
 * Refuses a flag that does not exist, with a guess. Done before oclif parses, which would take the value of a mistyped flag for an argument
 * and complain about that instead.
 *
 * @throws {CliError} `usage`
 */
export function assertKnownFlags(argv: readonly string[], flags: Readonly<Record<string, FlagShape>>): void {
  const shapes = new Map<string, FlagShape>();
  for (const [name, shape] of Object.entries(flags)) {
    for (const word of [name, ...(shape.aliases ?? [])]) {
      shapes.set(`--${word}`, shape);
      if (shape.allowNo) shapes.set(`--no-${word}`, { ...shape, type: "boolean" });
    }
    if (shape.char !== undefined) shapes.set(`-${shape.char}`, shape);
  }
  for (let index = 0; index < argv.length; index++) {
    const argument = argv[index] ?? "";
    if (argument === "--") return;
    if (!/^--?[A-Za-z]/.test(argument)) continue;
    const equals = argument.indexOf("=");
    const word = equals < 0 ? argument : argument.slice(0, equals);
    const shape = shapes.get(word) ?? (word.startsWith("--") ? undefined : shapes.get(word.slice(0, 2)));
    if (shape === undefined) refuse(word, shapes.keys());
    // Its value may begin with a hyphen; `-b` with more letters behind it holds its value itself.
    else if (shape.type === "option" && equals < 0 && shapes.has(word)) index++;
  }
}

function refuse(word: string, known: Iterable<string>): never {
  const long = [...known].filter((flag) => flag.startsWith("--"));
  const bare = word.replace(/^--?/, "");
  const names = long.map((flag) => flag.slice(2));
  // `--region`, as provision calls it, is `--aws-region`.
  const ends = names.filter((name) => name.endsWith(`-${bare}`));
  const close = didYouMean(bare, names) ?? (ends.length === 1 ? ends[0] : undefined);
  const next = close === undefined ? "see --help" : `did you mean --${close}?`;
  throw new CliError("usage", `unknown flag ${word.slice(0, 80)}; ${next}`);
}
