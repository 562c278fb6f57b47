import type { Plugin } from "@scaler-aws-hpc/adapter-core";

/** Contributes what `doctor` looks at in an account of AWS. */
export const plugin: Plugin = {
  apiVersion: 1,
  checks: async (deployment, host) => (await import("./checks/account-checks.ts")).accountChecks(deployment, host),
};
