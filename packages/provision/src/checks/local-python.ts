import { execFile } from "node:child_process";
import type { AbortOptions, RunnerCommandOptions } from "@scaler-aws-hpc/adapter-core";

const ANSWER_MS = 10_000;

/** Version of the Python with which clients here most likely work, as `3.12.4`: the one that is named, else `python3` of the path. `undefined`: none starts. */
export async function localPython(
  { interpreter }: Pick<RunnerCommandOptions, "interpreter">,
  options?: AbortOptions,
): Promise<string | undefined> {
  const file = interpreter ?? (process.env["SCALER_AWS_HPC_PYTHON"] || "python3");
  const code = "import sys; print('%d.%d.%d' % sys.version_info[:3])";
  const { promise, resolve } = Promise.withResolvers<string | undefined>();
  const signal = options?.signal;
  execFile(file, ["-c", code], { timeout: ANSWER_MS, ...(signal && { signal }) }, (error, stdout) => {
    const [version] = /^\d+\.\d+\.\d+$/m.exec(stdout) ?? [];
    resolve(error === null ? version : undefined);
  });
  return await promise;
}
