import { join } from "node:path";

/** The folder of the clone, whatever the working directory is. */
export const root = join(import.meta.dirname, "..", "..");

/** Where everything that the scripts install beside node_modules goes; safe to delete at any time. */
export const cache = join(root, ".cache");
