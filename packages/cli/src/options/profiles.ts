import type { ProfileSpec } from "@scaler-aws-hpc/adapter-core";
import { CliError } from "../cli-error.ts";
import type { ConfigFile } from "./config-file.ts";
import type { Option } from "./option.ts";
import { parseValue } from "./parse-value.ts";

/** The key of a manager's table under which profiles stand: `[aws_hpc_worker_manager.profiles.gpu]`. */
export const PROFILES_KEY = "profiles";

const NAME = /^[a-z][a-z0-9-]{0,31}$/;
const SLOTS: Option = {
  name: "max-concurrent-jobs",
  type: "integer",
  min: 1,
  max: 1_000_000,
  group: "Work",
  summary: "",
};
const CAPABILITIES: Option = { name: "per-worker-capabilities", type: "capabilities", group: "Work", summary: "" };

/**
 * Reads the named resource profiles: slots and capabilities are ours, all other keys go to the backend. The strongest file that has any wins
 * whole.
 *
 * @throws {CliError} `config`
 */
export function readProfiles(files: readonly ConfigFile[]): readonly ProfileSpec[] {
  const file = files.find(({ entries }) => entries[PROFILES_KEY] !== undefined);
  if (file === undefined) return [];
  const profiles = file.entries[PROFILES_KEY];
  const where = `${file.path} ${file.table}`;
  if (!isTable(profiles)) throw new CliError("config", `${where}: expected ${PROFILES_KEY} to be a table of tables`);
  return Object.entries(profiles).map(([name, table]) => {
    const here = `${where} ${PROFILES_KEY}.${name}`;
    if (!NAME.test(name) || name === "default")
      throw new CliError(
        "config",
        `${here}: expected a name of lower-case letters, digits and hyphens other than "default"`,
      );
    if (!isTable(table)) throw new CliError("config", `${here}: expected a table`);
    const settings = Object.fromEntries(Object.entries(table).map(([key, value]) => [key.replaceAll("_", "-"), value]));
    const { "max-concurrent-jobs": slots, "per-worker-capabilities": capabilities = {}, ...rest } = settings;
    try {
      return {
        name,
        slots: parseValue(SLOTS, slots) as number,
        capabilities: parseValue(CAPABILITIES, capabilities) as Readonly<Record<string, number>>,
        settings: rest,
      };
    } catch (reason) {
      throw new CliError("config", `${here}: ${(reason as Error).message}`, { cause: reason });
    }
  });
}

const isTable = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value);
