// The client through an outside of the caller's, for simulations. Programs use the package's main door; this one follows the inside and may change with it.
export { connectThrough } from "../client.ts";
export type { IdleLimits } from "../session/object-table.ts";
export type { ClientClock } from "./clock.ts";
export type { OpenStorage, Outside } from "./outside.ts";
