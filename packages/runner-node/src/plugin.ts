import type { Plugin } from "@scaler-aws-hpc/adapter-core";
import { nodeRunner } from "./node-runner.ts";

/** Contributes the runner `node`. */
export const plugin: Plugin = { apiVersion: 1, runners: [nodeRunner] };
