import { originalConfig, originalEnvironment, originalJson } from "../files/original-files.ts";
import { readIfThere, writePrivateFile } from "../files/private-file.ts";
import { mergeToml, type TomlValues } from "../files/toml-file.ts";
import type { ProvisionSettings } from "../settings/provision-settings.ts";
import type { StackResource } from "../stacks/stack-service.ts";
import { madeResources, startValues } from "./start-values.ts";

/** Which files are wished for. */
export interface FileWishes {
  /** For `start --config`. */
  readonly toml: string;
  /** Those of the original's provisioner. */
  readonly json: string | undefined;
  readonly environment: string | undefined;
}

/** What was written. */
export interface WrittenFiles {
  readonly written: readonly string[];
  /** What stands in the file for `start` now. */
  readonly start: TomlValues;
}

// What `start` has where its file says nothing; written so that people find it.
const TASK_MINUTES = 60;

/** The text of the file for `start`, with what was in it before. */
async function tomlText(settings: ProvisionSettings, path: string, minutes: number | undefined): Promise<string> {
  const values = { ...startValues(settings), ...(minutes !== undefined && { job_timeout_minutes: minutes }) };
  const defaults: TomlValues = minutes === undefined ? { job_timeout_minutes: TASK_MINUTES } : {};
  return mergeToml(path, await readIfThere(path), values, defaults);
}

/**
 * Finds out whether the file for `start` can be written, and writes nothing.
 * @throws {AdapterError} `config`
 */
export async function checkFiles(
  settings: ProvisionSettings,
  wishes: FileWishes,
  minutes: number | undefined,
): Promise<void> {
  await tomlText(settings, wishes.toml, minutes);
}

/**
 * Writes the file for `start`, and those of the original where they are wished for; readable for their owner only.
 * @param minutes limit of a task, where the user says one
 * @throws {AdapterError} `config`
 */
export async function writeFiles(
  settings: ProvisionSettings,
  compute: readonly StackResource[],
  image: string,
  wishes: FileWishes,
  minutes: number | undefined,
): Promise<WrittenFiles> {
  await writePrivateFile(wishes.toml, await tomlText(settings, wishes.toml, minutes));
  const written = [wishes.toml];
  const config = originalConfig(settings, madeResources(settings, compute, image));
  if (wishes.json !== undefined) {
    await writePrivateFile(wishes.json, originalJson(config));
    written.push(wishes.json);
  }
  if (wishes.environment !== undefined) {
    await writePrivateFile(wishes.environment, originalEnvironment(config));
    written.push(wishes.environment);
  }
  return { written, start: startValues(settings) };
}
