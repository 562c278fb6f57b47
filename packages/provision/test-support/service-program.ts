import { existsSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const CACHE = fileURLToPath(new URL("../../../.cache/venvs/", import.meta.url));

/** A program of one of the environments that `npm test` makes, where scripts/setup/releases.mjs says what is in them; or why it cannot be run. */
export function serviceProgram(environment: string, program: string): { readonly file: string } | { reason: string } {
  const venvs = process.env["SCALER_AWS_HPC_VENVS"] || CACHE;
  const file = join(venvs, environment, "bin", program);
  return existsSync(file) ? { file } : { reason: `${program} is not installed; npm test installs it` };
}
