import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";

/** The runner itself, a program of one file: what an image needs besides Node and the packages that clients leave out of their bundles. */
export const RUNNER_FILE: string = fileURLToPath(new URL("../bundle/scaler-runner.cjs", import.meta.url));

/** Whether it was built: a clone makes it with its first `npm test`, a published package holds it. */
export const isBuilt = (): boolean => existsSync(RUNNER_FILE);
