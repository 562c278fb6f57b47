import { existsSync } from "node:fs";
import { join } from "node:path";
import { HarnessError } from "./harness-error.ts";

/** A released scheduler that the tests run against. */
export type Release = "2.9.0" | "2.6.0" | "2.3.5";

/** Every release that the tests run against, the default first. */
export const RELEASES: readonly Release[] = ["2.9.0", "2.6.0", "2.3.5"];

// src/scaler and dist/scaler lie equally deep, so this holds for both.
const root = join(import.meta.dirname, "..", "..", "..", "..");

/** The folder of the clone. */
export function repositoryRoot(): string {
  return root;
}

/** The folder with the programs of a release's virtual environment. @throws {HarnessError} `missing` */
export function releaseBin(release: Release): string {
  const venvs = process.env["SCALER_AWS_HPC_VENVS"] || join(root, ".cache", "venvs");
  const bin = join(venvs, release, "bin");
  if (existsSync(join(bin, "scaler_scheduler"))) return bin;
  throw new HarnessError("missing", `Scaler ${release} is not installed below ${venvs}; \`npm test\` sets it up`);
}

/** The Node that the project runs on: the one that npm installed, else this process's. */
export function nodeProgram(): string {
  const shipped = join(root, "node_modules", ".bin", "node");
  return existsSync(shipped) ? shipped : process.execPath;
}

/** The compiled command line. @throws {HarnessError} `missing` before the first build. */
export function cliProgram(): string {
  const file = join(root, "packages", "cli", "bin", "run.js");
  if (existsSync(file)) return file;
  throw new HarnessError("missing", `${file} is not there; build first (\`npm run build\`)`);
}

/** A Python program of this package. */
export function pythonProgram(name: string): string {
  return join(root, "packages", "testkit", "python", name);
}
