/**
 * How an option's text is read.
 *
 * | type | value in the program | accepts |
 * |---|---|---|
 * | `string` | string | anything but nothing |
 * | `strings` | list of strings | several values |
 * | `choice` | string | one of `choices`, any case |
 * | `integer`, `number` | number | decimal digits |
 * | `boolean` | boolean | true, false, yes, no, on, off, 1, 0 |
 * | `seconds` | number of seconds | a number, or one with `ms`, `s`, `m`, `h` |
 * | `bytes` | number of bytes | a number, or one with `KB`, `MB`, `GB`, `KiB`, `MiB`, `GiB` |
 * | `address` | string | `tcp://HOST:PORT`, also `tls`, `ws`, `wss` |
 * | `capabilities` | name to number | `linux,cpu=4`; a bare name is -1 |
 */
export type OptionType =
  | "string"
  | "strings"
  | "choice"
  | "integer"
  | "number"
  | "boolean"
  | "seconds"
  | "bytes"
  | "address"
  | "capabilities";

/** A value after reading. */
export type OptionValue = string | number | boolean | readonly string[] | Readonly<Record<string, number>>;

/** One option of `start`: its flag, environment variable, key in a file and documentation are made from this. */
export interface Option {
  /** The long flag without dashes; with `_` for `-` the key in a file; in capitals behind `SCALER_AWS_HPC_` the variable. */
  readonly name: string;
  readonly type: OptionType;
  /** One sentence without a full stop. */
  readonly summary: string;
  /** Heading in help and documentation: one of {@link OPTION_GROUPS}, or a plugin's own. */
  readonly group: string;
  /** One to four letters behind one dash. */
  readonly short?: string;
  /** Other long names that mean the same. */
  readonly aliases?: readonly string[];
  /** Other environment variables that are read, after the one made from the name. */
  readonly env?: readonly string[];
  readonly default?: OptionValue;
  /** What the default is, where it is not a constant. */
  readonly defaultText?: string;
  readonly choices?: readonly string[];
  /** Bounds of a number, both included. */
  readonly min?: number;
  readonly max?: number;
  /** Accepted for the sake of existing command lines and files, and without effect: why. */
  readonly ignored?: string;
  /** A flag of type `strings` takes all words up to the next flag, as in the original; else one, and may be repeated. */
  readonly takesMany?: true;
  /** Only on the command line or in the environment: it says where files are. */
  readonly notInFile?: true;
}

/** Headings of the documentation, in order; those of plugins stand before the last two. */
export const OPTION_GROUPS = [
  "Scheduler",
  "Work",
  "AWS Batch",
  "AWS",
  "Runners and plugins",
  "Time limits",
  "Output",
  "Configuration",
  "Accepted and ignored",
] as const;

/** The environment variable that is made from a name. */
export const environmentName = (name: string): string => `SCALER_AWS_HPC_${name.replaceAll("-", "_").toUpperCase()}`;
