export type { ProvisionSettings } from "./provision-settings.ts";
export { provisionSettings } from "./provision-settings-check.ts";
export type { ProvisionChoices } from "./settings-defaults.ts";
