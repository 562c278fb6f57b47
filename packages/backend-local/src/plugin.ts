import { availableParallelism } from "node:os";
import {
  AdapterError,
  type BackendHost,
  type Plugin,
  type PluginOptions,
  type RunnerCommandOptions,
} from "@scaler-aws-hpc/adapter-core";
import { LocalBackend } from "./local-backend.ts";

/** Contributes the backend `local`. */
export const plugin: Plugin = {
  apiVersion: 1,
  backends: [
    {
      name: "local",
      summary: "Runs tasks in processes of this machine",
      options: [
        {
          name: "python",
          type: "string",
          summary:
            "Interpreter that runs Python tasks, e.g. a virtual environment's. Default: SCALER_AWS_HPC_PYTHON, else python3",
        },
      ],
      profileSettings: [],
      defaultStore: "fs",
      defaultSlots: () => availableParallelism(),
      async checks(options, host) {
        const { localChecks } = await import("./local-checks.ts");
        return localChecks({ ...host, runnerOptions: withPython(options, host) });
      },
      async open(options, host) {
        const runnerOptions = withPython(options, host);
        const unusable = checkRunners({ ...host, runnerOptions });
        return new LocalBackend({ ...host, runnerOptions }, { unusable });
      },
    },
  ],
};

/** What the user chose for runners, with this backend's own option. @throws {AdapterError} `config` */
function withPython(
  { python }: PluginOptions,
  { runnerOptions }: Pick<BackendHost, "runnerOptions">,
): RunnerCommandOptions {
  if (python === undefined) return runnerOptions;
  if (typeof python === "string" && python !== "") return { ...runnerOptions, interpreter: python };
  throw new AdapterError("config", `python: expected the path of an interpreter, got ${JSON.stringify(python)}`);
}

/**
 * Tells now what would otherwise fail each task, and gives the runners that cannot be used, with the reason. With several runners, one that is missing may
 * not be needed: its tasks then fail at once.
 */
function checkRunners({ runners, runnerOptions, log }: BackendHost): ReadonlyMap<string, string> {
  const unusable = new Map<string, string>();
  for (const { name, check } of runners) {
    try {
      for (const warning of check?.(runnerOptions) ?? []) log.warn(warning, { runner: name });
    } catch (reason) {
      if (runners.length === 1) throw reason;
      const text = reason instanceof Error ? reason.message : String(reason);
      log.warn("a runner cannot be used", { runner: name, reason: text });
      unusable.set(name, text);
    }
  }
  return unusable;
}
