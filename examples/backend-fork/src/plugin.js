// @ts-check
import { availableParallelism } from "node:os";
import { AdapterError } from "@scaler-aws-hpc/adapter-core";
import { ForkBackend } from "./fork-backend.js";

/**
 * What `scaler-aws-hpc` looks for: the module that `scalerAwsHpc.plugin` of package.json names exports it. Each option becomes a flag, an
 * environment variable and a key of the configuration file.
 *
 * @type {import("@scaler-aws-hpc/adapter-core").Plugin}
 */
export const plugin = {
  apiVersion: 1,
  backends: [
    {
      name: "fork",
      summary: "Starts a process of this machine for each child of a job",
      options: [
        {
          name: "fork-nice",
          type: "integer",
          summary: "Niceness of the processes, 0 (ordinary) to 19 (only when nobody else wants the processor)",
          default: 0,
        },
      ],
      defaultStore: "fs",
      defaultSlots: () => availableParallelism(),
      async open(options, host) {
        const nice = options["fork-nice"] ?? 0;
        if (typeof nice !== "number" || nice < 0 || nice > 19)
          throw new AdapterError("config", `fork-nice: expected 0 to 19, got ${JSON.stringify(nice)}`);
        return new ForkBackend(host, { nice });
      },
    },
  ],
};
