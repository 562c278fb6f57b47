import { type BackendFactory, didYouMean, type ProfileSpec } from "@scaler-aws-hpc/adapter-core";
import { CliError } from "../cli-error.ts";
import { type ConfigFile, PROFILE_KEY } from "./config-file.ts";
import { jobsAhead } from "./jobs-ahead.ts";
import type { Option, OptionValue } from "./option.ts";
import { parseValue } from "./parse-value.ts";

/** The key of a manager's table under which profiles may stand by name: `[aws_hpc_worker_manager.profiles.gpu]`. */
export const PROFILES_KEY = "profiles";

const NAME = /^[a-z][a-z0-9-]{0,31}$/;

/** What this program itself takes of a profile; all else is the backend's. */
export const PROFILE_OPTIONS = [
  {
    name: "slots",
    aliases: ["max-concurrent-jobs"],
    type: "integer",
    min: 1,
    max: 1_000_000,
    group: "Work",
    summary: "How many children of jobs may be alive at once in this profile",
  },
  {
    name: "capabilities",
    aliases: ["per-worker-capabilities"],
    type: "capabilities",
    default: {},
    group: "Work",
    summary: "What the profile's workers advertise, as gpu or gpu=1,linux: tasks that ask for it come here",
  },
  jobsAhead,
] as const satisfies readonly Option[];

/**
 * Reads the named resource profiles, `[[profile]]` with a `name`, or `[profiles.NAME]` within the manager's table: slots and capabilities are ours, all other
 * keys go to the backend. The strongest file that has any wins whole.
 *
 * @throws {CliError} `config`
 */
export function readProfiles(files: readonly ConfigFile[]): readonly ProfileSpec[] {
  const file = files.find(({ entries }) => entries[PROFILES_KEY] !== undefined || entries[PROFILE_KEY] !== undefined);
  if (file === undefined) return [];
  const profiles = [...listed(file), ...named(file)].map(({ name, table, where }) => readProfile(name, table, where));
  const twice = profiles.find(({ name }, index) => profiles.findIndex((other) => other.name === name) < index);
  if (twice !== undefined)
    throw new CliError("config", `${file.path}: profile ${JSON.stringify(twice.name)} is there twice; keep one`);
  return profiles;
}

/** Refuses settings that the backend does not take, where it says which it does. @throws {CliError} `config` */
export function checkProfileSettings(
  profiles: readonly ProfileSpec[],
  { name: backend, profileSettings }: Pick<BackendFactory, "name" | "profileSettings">,
): void {
  if (profileSettings === undefined) return;
  const own = PROFILE_OPTIONS.flatMap(({ name, aliases }: Option) => [name, ...(aliases ?? [])]);
  const known = [...profileSettings.map(({ name }) => name), ...own];
  for (const { name, settings } of profiles) {
    for (const key of Object.keys(settings)) {
      if (known.includes(key)) continue;
      const close = didYouMean(key, known);
      const next =
        close === undefined
          ? `; backend ${backend} takes ${profileSettings.map((spec) => spec.name).join(", ") || "no settings"}`
          : `; did you mean ${close.replaceAll("-", "_")}?`;
      throw new CliError(
        "config",
        `profile ${JSON.stringify(name)}: unknown key ${JSON.stringify(key.replaceAll("-", "_"))}${next}`,
      );
    }
  }
}

interface RawProfile {
  readonly name: string;
  readonly table: Readonly<Record<string, unknown>>;
  readonly where: string;
}

/** `[[profile]]` */
function* listed({ path, entries }: ConfigFile): Iterable<RawProfile> {
  const profiles = entries[PROFILE_KEY] ?? [];
  if (!Array.isArray(profiles))
    throw new CliError("config", `${path}: expected [[${PROFILE_KEY}]] with a name, or [profiles.NAME] in the table`);
  for (const [index, entry] of profiles.entries()) {
    const where = `${path} [[${PROFILE_KEY}]] ${index + 1}`;
    if (!isTable(entry)) throw new CliError("config", `${where}: expected a table`);
    const { name, ...table } = entry;
    if (typeof name !== "string")
      throw new CliError(
        "config",
        `${where}: expected a name such as name = "gpu", got ${JSON.stringify(name) ?? "none"}`,
      );
    yield { name, table, where: `${where} ${JSON.stringify(name.slice(0, 40))}` };
  }
}

/** `[aws_hpc_worker_manager.profiles.NAME]` */
function* named({ path, table, entries }: ConfigFile): Iterable<RawProfile> {
  const profiles = entries[PROFILES_KEY] ?? {};
  const where = `${path} ${table}`;
  if (!isTable(profiles)) throw new CliError("config", `${where}: expected ${PROFILES_KEY} to be a table of tables`);
  for (const [name, entry] of Object.entries(profiles)) {
    const here = `${where} ${PROFILES_KEY}.${name}`;
    if (!isTable(entry)) throw new CliError("config", `${here}: expected a table`);
    yield { name, table: entry, where: here };
  }
}

/** A key that a profile needs, with what to write. */
const missingKey = ({ name, summary }: Option): string =>
  `${name.replaceAll("-", "_")} = 4, for instance (${summary.charAt(0).toLowerCase()}${summary.slice(1)})`;

function readProfile(name: string, table: Readonly<Record<string, unknown>>, where: string): ProfileSpec {
  if (!NAME.test(name) || name === "default")
    throw new CliError(
      "config",
      `${where}: expected a name of lower-case letters, digits and hyphens other than "default"`,
    );
  const settings = new Map(Object.entries(table).map(([key, value]) => [key.replaceAll("_", "-"), value]));
  const take = (option: Option): OptionValue => {
    const names = [option.name, ...(option.aliases ?? [])].filter((key) => settings.has(key));
    if (names.length > 1) throw new CliError("config", `${where}: ${names.join(" and ")} mean the same; keep one`);
    const [key = option.name] = names;
    const raw = settings.get(key) ?? option.default;
    settings.delete(key);
    if (raw === undefined) throw new CliError("config", `${where}: expected ${missingKey(option)}, got none`);
    try {
      return parseValue(option, raw);
    } catch (reason) {
      throw new CliError("config", `${where} ${key.replaceAll("-", "_")}: ${(reason as Error).message}`, {
        cause: reason,
      });
    }
  };
  const [slots, capabilities, ahead] = PROFILE_OPTIONS;
  return {
    name,
    slots: take(slots) as number,
    ahead: take(ahead) as number,
    capabilities: take(capabilities) as Readonly<Record<string, number>>,
    settings: Object.fromEntries(settings),
  };
}

const isTable = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value) && !(value instanceof Date);
