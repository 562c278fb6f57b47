export { type Moto, type MotoOptions, startMoto } from "./moto.ts";
