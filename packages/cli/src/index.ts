export { EXIT_CODES, type ExitReason, exitCode } from "./exit-codes.ts";
export type { Option, OptionType, OptionValue } from "./options/option.ts";
export { OPTIONS } from "./options/table.ts";
