export { baseTemplate } from "./base-template.ts";
export { computeTemplate } from "./compute-template.ts";
export type { Json, Resource, Template } from "./template.ts";
