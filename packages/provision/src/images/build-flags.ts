import { statSync } from "node:fs";
import { AdapterError } from "@scaler-aws-hpc/adapter-core";
import { pythonBase } from "./bases.ts";

/** What flags say of how images are built. */
export interface BuildFlags {
  readonly python?: string | undefined;
  readonly base?: string | undefined;
  readonly requirements?: string | undefined;
  readonly "node-packages"?: string | undefined;
}

/**
 * Refuses what no image can be built with, so that a plan finds it and not the build after it.
 * @throws {AdapterError} `config`
 */
export function checkBuildFlags(flags: BuildFlags): void {
  const { python, base } = flags;
  // Of a base of the user's own nothing is known.
  if (python !== undefined && base === undefined) pythonBase(python);
  for (const flag of ["requirements", "node-packages"] as const) {
    const file = flags[flag];
    if (file !== undefined) assertFile(`--${flag}`, file);
  }
}

/** @param setting as an error names it @throws {AdapterError} `config` */
export function assertFile(setting: string, path: string): void {
  const found = statSync(path, { throwIfNoEntry: false });
  if (found?.isFile() === true) return;
  throw new AdapterError("config", `${setting}: expected a file, but ${path} is ${found ? "none" : "not there"}`);
}
