import { AdapterError } from "@scaler-aws-hpc/adapter-core";
import { readIfThere } from "./private-file.ts";

/** Keys that the original's JSON file has, and hardly another one. */
const KEYS = ["job_queue_name", "job_definition_name", "container_image"] as const;

/** Lines of the original's file of variables, as `source` reads them. */
const LINE = /^\s*(?:#.*|(?:export\s+)?SCALER_[A-Z0-9_]+=.*)?$/;

/**
 * Refuses to write the JSON file of a deployment over anything that is no such file of it.
 * @throws {AdapterError} `config`
 */
export async function assertJsonPlace(path: string, deployment: string): Promise<void> {
  const text = await readIfThere(path);
  if (text === undefined || text.trim() === "") return;
  const config = jsonOf(text);
  const isIts = KEYS.every((key) => typeof config[key] === "string");
  if (isIts && config["prefix"] === deployment) return;
  const got = isIts ? `that of ${JSON.stringify(config["prefix"])}` : "another file";
  const next = "--config writes the JSON of the Python provisioner; the TOML that `start` reads is --toml-file's";
  throw refused(path, `expected no file, or the JSON of deployment ${deployment}`, got, next);
}

/**
 * Refuses to write the file of variables over anything that holds more than such variables.
 * @throws {AdapterError} `config`
 */
export async function assertVariablesPlace(path: string): Promise<void> {
  const text = await readIfThere(path);
  const other = text?.split("\n").find((line) => !LINE.test(line));
  if (other === undefined) return;
  throw refused(path, "expected no file, or one with nothing but SCALER_ variables", "other lines");
}

function jsonOf(text: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null ? (value as Readonly<Record<string, unknown>>) : {};
  } catch {
    return {};
  }
}

function refused(path: string, expected: string, got: string, next?: string): AdapterError {
  const why = next === undefined ? "" : ` (${next})`;
  return new AdapterError("config", `${path}: ${expected}, got ${got}; it is left alone; name another file${why}`);
}
