import type { Option } from "./option.ts";
import { IGNORED_OPTIONS } from "./table-ignored.ts";
import { RUN_OPTIONS } from "./table-run.ts";
import { SCHEDULER_OPTIONS } from "./table-scheduler.ts";
import { WORK_OPTIONS } from "./table-work.ts";

/**
 * Every option of `start` that does not belong to a plugin. Names and short names are those of the Python original, in every release that had
 * them; what is new here has no short name.
 */
export const OPTIONS: readonly Option[] = [...SCHEDULER_OPTIONS, ...WORK_OPTIONS, ...RUN_OPTIONS, ...IGNORED_OPTIONS];
