/** The parameters of a job, in the original adapter's words. */
export const PARAMETERS = ["task_id", "payload", "compressed", "s3_bucket", "s3_prefix", "s3_key"] as const;

/** What the program was started for. */
export interface Arguments {
  readonly mode: "serve" | "one-shot" | "version";
  /** Parameters that were given, by name. */
  readonly parameters: ReadonlyMap<string, string>;
}

/** The command line makes no sense. */
export class ArgumentError extends Error {
  override readonly name = "ArgumentError";
  readonly exitCode: number;

  constructor(message: string, exitCode: number) {
    super(message);
    this.exitCode = exitCode;
  }
}

const USAGE = `usage: scaler-runner.cjs [${PARAMETERS.map((name) => `--${name} X`).join(" ")}]`;
/** What a manager's tool sees for a wrong command line, and what a batch service's sees. */
const EXIT_WRONG = 2;
const EXIT_USAGE = 64;

/** First word of the command line of a process that runs tasks, by which the bundle knows it. */
export const EXECUTOR_WORD = "executor";

/** Reads the command line. @throws {ArgumentError} */
export function readArguments(words: readonly string[]): Arguments {
  const oneShot = PARAMETERS.some((name) => words.includes(`--${name}`));
  const parameters = new Map<string, string>();
  const fail = (text: string): never => {
    throw new ArgumentError(`${text}; ${USAGE}`, oneShot ? EXIT_USAGE : EXIT_WRONG);
  };
  for (let at = 0; at < words.length; at += 2) {
    const word = words[at] ?? "";
    const value = words[at + 1];
    if (word === "--version") return { mode: "version", parameters };
    const name = PARAMETERS.find((one) => word === `--${one}`);
    if (name === undefined) return fail(`unknown argument ${word.slice(0, 64)}`);
    if (value === undefined) return fail(`${word} needs a value`);
    if (parameters.has(name)) return fail(`${word} is given twice`);
    parameters.set(name, value);
  }
  return { mode: oneShot ? "one-shot" : "serve", parameters };
}
