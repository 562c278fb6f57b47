import { resolve } from "node:path";
import { AdapterError } from "@scaler-aws-hpc/adapter-core";
import { originalConfig, originalEnvironment, originalJson } from "../files/original-files.ts";
import { assertJsonPlace, assertVariablesPlace } from "../files/original-guard.ts";
import { assertWritable, readIfThere, writePrivateFile } from "../files/private-file.ts";
import { mergeToml, readToml, type TomlValues } from "../files/toml-file.ts";
import type { ProvisionSettings } from "../settings/provision-settings.ts";
import { resourceNames } from "../templates/resource-names.ts";
import { gpuProfile } from "./gpu-profile.ts";
import { type Made, madeResources, startValues } from "./start-values.ts";

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
  const before = await readIfThere(path);
  const known = readToml(path, before) ?? {};
  assertSameDeployment(settings, path, known);
  const text = mergeToml(path, before, {
    values: { ...startValues(settings), ...(minutes !== undefined && { job_timeout_minutes: minutes }) },
    defaults: minutes === undefined ? { job_timeout_minutes: TASK_MINUTES } : {},
    dropped: isStaleNode(settings, known["node_job_definition"]) ? ["node_job_definition"] : [],
  });
  const profile = gpuProfile(settings);
  if (profile === undefined || text.includes(`"${resourceNames(settings).gpuQueue}"`)) return text;
  const hint = "# For tasks that ask for GPUs, at a scheduler that allocates by capability. Remove the # to use it:";
  return `${text.replace(/\n*$/, "\n\n")}${[hint, ...profile.map((line) => `# ${line}`)].join("\n")}\n`;
}

/**
 * A file that names what another deployment has is that one's: names of deployments have no underscore, and names of queues begin with them.
 * @throws {AdapterError} `config`
 */
function assertSameDeployment(
  { deployment, region, accountId }: ProvisionSettings,
  path: string,
  known: Readonly<Record<string, unknown>>,
): void {
  const queue = known["job_queue"];
  const got = [
    typeof queue === "string" && queue.replace(/^.*\//, "").split("_")[0] !== deployment ? "job_queue" : undefined,
    (known["aws_region"] ?? region) === region ? undefined : "aws_region",
    (known["s3_bucket_owner"] ?? accountId) === accountId ? undefined : "s3_bucket_owner",
  ].find((key) => key !== undefined);
  if (got === undefined) return;
  const text = `${path}: expected the file of deployment ${deployment} in ${region} of account ${accountId}, got ${got} = ${JSON.stringify(known[got])}; it is left alone; name another one, as with --toml-file ${deployment}.toml, or remove that key`;
  throw new AdapterError("config", text);
}

/** A definition of this deployment that it does not have any more; one of the user's own stays. */
const isStaleNode = ({ deployment, node }: ProvisionSettings, written: unknown): boolean =>
  node === undefined && typeof written === "string" && written.startsWith(`${deployment}_`);

/**
 * Finds out whether the files can be written, and leaves them as they are.
 * @throws {AdapterError} `config`
 */
export async function checkFiles(
  settings: ProvisionSettings,
  wishes: FileWishes,
  minutes: number | undefined,
): Promise<void> {
  const { toml, json, environment } = wishes;
  const named = [toml, json, environment].filter((path) => path !== undefined);
  for (const path of named) await assertWritable(path);
  const paths = named.map((path) => resolve(path));
  if (new Set(paths).size < paths.length) {
    const text = `--toml-file, --config, --variables-file: expected a file for each, got one for two of them: ${named.join(", ")}`;
    throw new AdapterError("config", text);
  }
  await tomlText(settings, toml, minutes);
  if (json !== undefined) await assertJsonPlace(json, settings.deployment);
  if (environment !== undefined) await assertVariablesPlace(environment);
}

/**
 * Writes the file for `start`, and those of the original where they are wished for; readable for their owner only.
 * @param minutes limit of a task, where the user says one
 * @throws {AdapterError} `config`
 */
export async function writeFiles(
  settings: ProvisionSettings,
  made: Made,
  wishes: FileWishes,
  minutes: number | undefined,
): Promise<WrittenFiles> {
  // What was there before is looked at again: making things takes minutes.
  await checkFiles(settings, wishes, minutes);
  await writePrivateFile(wishes.toml, await tomlText(settings, wishes.toml, minutes));
  const written = [wishes.toml];
  if (wishes.json !== undefined) {
    await writePrivateFile(wishes.json, originalJson(originalConfig(settings, madeResources(settings, made))));
    written.push(wishes.json);
  }
  if (wishes.environment !== undefined) {
    await writePrivateFile(wishes.environment, originalEnvironment(startValues(settings)));
    written.push(wishes.environment);
  }
  return { written, start: startValues(settings) };
}
