import type { ConformanceCase, PayloadStoreSuite } from "./payload-store-suite.ts";
import { keyCases } from "./store-key-cases.ts";
import { lifetimeCases } from "./store-lifetime-cases.ts";
import { putGetCases } from "./store-put-get-cases.ts";
import { raceCases } from "./store-race-cases.ts";

/**
 * Everything that the payload-store contract promises, as cases for any test runner:
 * ```ts
 * for (const { name, run } of payloadStoreCases({ openPlace })) it(name, run);
 * ```
 */
export function payloadStoreCases(suite: PayloadStoreSuite): readonly ConformanceCase[] {
  return [putGetCases, raceCases, keyCases, lifetimeCases].flatMap((cases) => cases(suite));
}
