import { describe, expect, it } from "vitest";
import { runClientSuite } from "./client-suite.ts";
import { startCluster } from "./cluster.ts";
import { startManager } from "./manager.ts";

describe("a real scheduler of the newest release", () => {
  it("runs tasks of a real client on our manager, which then leaves with exit code 0", async () => {
    await using cluster = await startCluster();
    await using manager = await startManager(cluster, { args: ["--max-concurrent-jobs", "2"] });
    const cases = ["submit", "map", "graph", "raising", "cancel_running"] as const;
    const results = await runClientSuite(cluster, { cases, strict: true, timeoutMs: 50_000 });
    expect(results.filter((result) => !result.ok)).toEqual([]);
    expect(results).toHaveLength(cases.length);
    expect(await manager.stop("SIGTERM", 10_000)).toMatchObject({ code: 0, signal: null });
  });
});
