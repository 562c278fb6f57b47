import type { Backend } from "../contracts/backend.ts";
import type { PayloadStore } from "../contracts/payload-store.ts";
import { BackendBench } from "./backend-bench.ts";
import type { ConformanceCase } from "./payload-store-suite.ts";
import type { Workload } from "./workload.ts";

/** A backend with the store that it and its runners read, for one case. */
export interface BackendPlace extends AsyncDisposable {
  readonly backend: Backend;
  readonly store: PayloadStore;
  /** Another backend for the same jobs, as the next process of their manager has it. Only where `traits.outlives`; without it those cases check nothing. */
  readonly reopen?: () => Promise<Backend>;
}

/** What `backendCases` needs. */
export interface BackendSuite {
  /** Called once by each case, which disposes of the backend and then of the place at its end. */
  readonly openPlace: () => Promise<BackendPlace>;
  /** Tasks for the runner that the backend starts. */
  readonly workload: Workload;
  /** Longest wait for what should take moments, in milliseconds. @default 20_000 */
  readonly patienceMs?: number;
  /** Processes, or whatever runs tasks, that the backend left alive; checked after disposal where given. */
  readonly stillAlive?: () => Promise<number>;
}

/** The cases of one subject: what `backendCases` puts together. */
export type BackendCaseMaker = (suite: BackendSuite) => readonly ConformanceCase[];

/** Makes a case whose backend is disposed of at its end, also when it fails. */
export function backendCase(
  suite: BackendSuite,
  name: string,
  check: (bench: BackendBench) => Promise<void>,
): ConformanceCase {
  return {
    name,
    run: async () => {
      const place = await suite.openPlace();
      try {
        await check(new BackendBench(place, suite.workload, suite.patienceMs ?? 20_000));
      } finally {
        await place.backend[Symbol.asyncDispose]();
        await place[Symbol.asyncDispose]();
      }
    },
  };
}
