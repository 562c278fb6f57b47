export { baseTemplate } from "./base-template.ts";
export { computeTemplate } from "./compute-template.ts";
export type { Template } from "./template.ts";
