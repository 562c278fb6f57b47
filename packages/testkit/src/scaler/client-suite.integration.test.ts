import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { ChildProgram } from "./child-program.ts";
import { type CaseResult, casesFor, runClientSuite, type SuiteCase, type SuiteOptions } from "./client-suite.ts";
import { type Cluster, type ClusterOptions, startCluster } from "./cluster.ts";
import { startManager } from "./manager.ts";
import { RELEASES } from "./repository.ts";

const SLOTS = 2;
const LIMIT_MS = 600_000;

/** What works wherever the tasks run, with native workers beside us too. */
const EVERYWHERE: readonly SuiteCase[] = [
  "submit",
  "map",
  "graph",
  "graph_failure",
  "send_object",
  "nested_containers",
  "raising",
  "cancel_queued",
  "cancel_running",
  "custom_serializer",
  "big_argument",
  "big_result",
  "many_tiny",
];

interface Setting {
  readonly name: string;
  readonly cluster: ClusterOptions;
  readonly cases: readonly SuiteCase[];
  readonly suite?: SuiteOptions;
  readonly args?: readonly string[];
  /** Each case has a scheduler of its own: this release's does not always survive that a client has left. */
  readonly apart?: boolean;
}

const settings: readonly Setting[] = [
  ...RELEASES.map((release) => ({
    name: `release ${release}`,
    cluster: { release },
    cases: casesFor(release),
    // 2.3.5 answers nobody any more once it has sent to a client that is gone, with its own workers too.
    apart: release === "2.3.5",
  })),
  { name: "release 2.9.0 over ZeroMQ", cluster: { transport: "zmq" }, cases: casesFor("2.9.0") },
  { name: "tls", cluster: { transport: "tls" }, cases: EVERYWHERE, suite: { tasks: 500 } },
  { name: "ws", cluster: { transport: "ws" }, cases: EVERYWHERE, suite: { tasks: 500 } },
  {
    name: "two native workers beside ours",
    cluster: { nativeWorkers: 2 },
    // Even load is per worker, so blockers may queue on one worker while another is free to run what should wait.
    cases: EVERYWHERE.filter((name) => name !== "cancel_queued"),
    // Which of the two sides gets a task is the scheduler's choice: ask only for what both promise.
    suite: { slots: 4, tasks: 2_000, strict: false },
  },
  ...RELEASES.map((release) => ({
    name: `release ${release} that allocates by capability`,
    cluster: { release, policy: "allocate=capability; scaling=no" },
    cases: ["capabilities"] as const,
    args: ["--per-worker-capabilities", "linux"],
  })),
];

describe.each(settings)(
  "a real client and scheduler, $name",
  ({ cluster: options, cases, suite, args = [], apart }) => {
    let cluster: Cluster;
    let manager: ChildProgram;
    let logs = "";
    const results: CaseResult[] = [];

    beforeAll(async () => {
      for (const some of apart === true ? cases.map((name) => [name]) : [cases]) {
        await close();
        cluster = await startCluster(options);
        manager = await startManager(cluster, { args: ["--max-concurrent-jobs", String(SLOTS), ...args] });
        const timeoutMs = apart === true ? LIMIT_MS / 5 : LIMIT_MS;
        const came = await runClientSuite(cluster, { cases: some, slots: SLOTS, strict: true, timeoutMs, ...suite });
        results.push(...came);
        if (came.some(({ ok }) => !ok)) logs += `${manager.logs.tail()}\n${cluster.logs()}\n`;
      }
    }, LIMIT_MS + 60_000);

    const close = async (): Promise<void> => {
      await manager?.[Symbol.asyncDispose]();
      await cluster?.[Symbol.asyncDispose]();
    };
    afterAll(close, 30_000);

    it.each(cases)("%s", (name) => {
      const result = results.find((one) => one.name === name);
      expect(result, `${result?.detail}\n${logs}`).toMatchObject({ ok: true });
    });

    // Not `runIf`: a test that does not apply is no skipped test.
    if (cases.includes("shutdown")) {
      it("ends the manager when a client shuts the cluster down", async () => {
        // A scheduler of an old release may be past telling us (it has just lost a client): then we are asked to leave.
        await Promise.race([manager.exited, sleep(5_000)]);
        const exit = await manager.stop("SIGTERM", 20_000);
        expect(exit, manager.logs.tail()).toMatchObject({ code: 0, signal: null });
      }, 30_000);
    }
  },
);
