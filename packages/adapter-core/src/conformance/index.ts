export { backendCases } from "./backend-cases.ts";
export type { BackendPlace, BackendSuite } from "./backend-suite.ts";
export { payloadStoreCases } from "./payload-store-cases.ts";
export type { ConformanceCase, PayloadStorePlace, PayloadStoreSuite } from "./payload-store-suite.ts";
export { pythonWorkload } from "./python-workload.ts";
export type { Workload, WorkloadCall } from "./workload.ts";
