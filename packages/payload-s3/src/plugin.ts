import type { Plugin } from "@scaler-aws-hpc/adapter-core";

/** Contributes nothing yet. */
export const plugin: Plugin = { apiVersion: 1 };
