import type { Plugin } from "@scaler-aws-hpc/adapter-core";
import { pythonRunner } from "./python-runner.ts";

/** Contributes the runner `python`. */
export const plugin: Plugin = { apiVersion: 1, runners: [pythonRunner] };
