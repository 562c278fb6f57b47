export { payloadStoreCases } from "./payload-store-cases.ts";
export type { ConformanceCase, PayloadStorePlace, PayloadStoreSuite } from "./payload-store-suite.ts";
