import type { Cluster } from "./cluster.ts";
import { runClient } from "./python-client.ts";
import type { Release } from "./repository.ts";

/** What `--case all` runs, in its order; `capabilities` needs a cluster with another policy and is run by itself. */
export const SUITE_CASES = [
  "submit",
  "map",
  "graph",
  "graph_failure",
  "send_object",
  "nested_containers",
  "priorities",
  "cancel_queued",
  "cancel_running",
  "raising",
  "raising_traceback",
  "custom_exception",
  "sys_exit",
  "os_exit",
  "killed",
  "segfault",
  "unpicklable_result",
  "prints_megabytes",
  "custom_serializer",
  "profiling_info",
  "stream_output",
  "big_argument",
  "big_result",
  "many_tiny",
  "vanished_client",
  "shutdown",
] as const;

/** A case of the Python client suite. */
export type SuiteCase = (typeof SUITE_CASES)[number] | "capabilities";

/** Cases that a release's own scheduler cannot pass, whoever the workers are, and why (seen with its own workers too). */
export const SCHEDULER_DEFECTS: Readonly<Record<Release, Readonly<Partial<Record<SuiteCase, string>>>>> = {
  "2.9.0": {},
  "2.6.0": {},
  "2.3.5": { vanished_client: "the scheduler answers nobody once it has sent to a client that is gone" },
};

/** Which cases run, and against what. */
export interface SuiteOptions {
  /** @default every case that the release can pass */
  readonly cases?: readonly SuiteCase[];
  /** Tasks that the workers run at once. @default 2 */
  readonly slots?: number;
  /** How many tiny tasks the case `many_tiny` runs. @default 10_000 */
  readonly tasks?: number;
  /** Also ask for what only our manager promises, such as exception classes of the client's own program. @default false */
  readonly strict?: boolean;
  /** Tasks run where their processes cannot be seen, as in containers. @default false */
  readonly elsewhere?: boolean;
  /** Milliseconds for all of it. @default 600_000 */
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
}

/** How one case went. */
export interface CaseResult {
  readonly name: string;
  readonly ok: boolean;
  /** What was measured, or what was wrong. */
  readonly detail: string;
  readonly seconds: number;
}

/** The cases that a release can pass, in their order. */
export function casesFor(release: Release): SuiteCase[] {
  return SUITE_CASES.filter((name) => SCHEDULER_DEFECTS[release][name] === undefined);
}

/**
 * Runs the Python client suite with the cluster's release and resolves to one result a case;
 * one that never reported, because the client died, is not ok and ends with the client's last lines.
 * @throws {HarnessError} `timeout`
 */
export async function runClientSuite(cluster: Cluster, options: SuiteOptions = {}): Promise<CaseResult[]> {
  const cases = options.cases ?? casesFor(cluster.release);
  const args = cases.flatMap((name) => ["--case", name]);
  args.push("--slots", String(options.slots ?? 2), "--tasks", String(options.tasks ?? 10_000));
  if (options.strict === true) args.push("--strict");
  if (options.elsewhere === true) args.push("--elsewhere");
  const stop = options.signal === undefined ? {} : { signal: options.signal };
  const run = await runClient(cluster, "client_suite.py", args, options.timeoutMs ?? 600_000, stop);
  return cases.map((name) => {
    const line = run.lines.find((one) => one["case"] === name);
    if (line !== undefined) {
      return { name, ok: line["ok"] === true, detail: String(line["detail"]), seconds: Number(line["seconds"]) };
    }
    const last = run.logs.trimEnd().split("\n").slice(-30).join("\n");
    return { name, ok: false, detail: `no report; the client ended with ${run.exitCode}\n${last}`, seconds: 0 };
  });
}
