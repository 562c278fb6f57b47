export { EXIT_CODES, type ExitReason, exitCode } from "./exit-codes.ts";
export type { Option, OptionGroup, OptionType, OptionValue } from "./options/option.ts";
export { OPTIONS } from "./options/table.ts";
