export { LocalBackend, type LocalBackendOptions } from "./local-backend.ts";
export { plugin } from "./plugin.ts";
