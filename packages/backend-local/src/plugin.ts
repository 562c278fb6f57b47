import { availableParallelism } from "node:os";
import { AdapterError, type BackendHost, type Plugin } from "@scaler-aws-hpc/adapter-core";
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
      async open(options, host) {
        const { python } = options;
        if (python !== undefined && (typeof python !== "string" || python === "")) {
          throw new AdapterError(
            "config",
            `python: expected the path of an interpreter, got ${JSON.stringify(python)}`,
          );
        }
        const runnerOptions =
          python === undefined ? host.runnerOptions : { ...host.runnerOptions, interpreter: python };
        checkRunners({ ...host, runnerOptions });
        return new LocalBackend({ ...host, runnerOptions });
      },
    },
  ],
};

/** Tells now what would otherwise fail each task. With several runners, one that is missing may not be needed. */
function checkRunners({ runners, runnerOptions, log }: BackendHost): void {
  for (const { name, check } of runners) {
    try {
      for (const warning of check?.(runnerOptions) ?? []) log.warn(warning, { runner: name });
    } catch (reason) {
      if (runners.length === 1) throw reason;
      log.warn("a runner cannot be used", { runner: name, reason: String(reason) });
    }
  }
}
