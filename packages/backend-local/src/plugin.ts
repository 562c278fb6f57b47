import { availableParallelism } from "node:os";
import { AdapterError, type Plugin } from "@scaler-aws-hpc/adapter-core";
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
        return new LocalBackend({ ...host, runnerOptions });
      },
    },
  ],
};
