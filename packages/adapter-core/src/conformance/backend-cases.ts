import { adoptCases } from "./backend-adopt-cases.ts";
import { controlCases } from "./backend-control-cases.ts";
import { runCases } from "./backend-run-cases.ts";
import type { BackendSuite } from "./backend-suite.ts";
import type { ConformanceCase } from "./payload-store-suite.ts";

/**
 * Everything that the backend contract promises, with the runner that the backend starts, as cases for any test runner:
 * ```ts
 * for (const { name, run } of backendCases({ openPlace, workload: pythonWorkload })) it(name, run);
 * ```
 */
export function backendCases(suite: BackendSuite): readonly ConformanceCase[] {
  return [runCases, controlCases, adoptCases].flatMap((cases) => cases(suite));
}
