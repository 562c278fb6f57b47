import { expect, it } from "vitest";
import { lasting } from "../batch-emulator/index.ts";
import { BatchBed } from "./bed.ts";

it.each([1, 2, 3])(
  "comes through lost answers, throttling, failures and Spot losses with every child told once, seed %i",
  async (seed) => {
    await using bed = await BatchBed.open({
      emulator: {
        seed,
        runner: { mode: "simulated", run: lasting(() => 150) },
        queues: [{ name: "emulator-queue", type: "SPOT", vcpus: 400 }],
        visibilityMs: 150,
        summaryLagMs: 100,
        attemptFaults: [
          { fault: "spot", rate: 0.2, afterMs: [0, 100] },
          { fault: "oom", rate: 0.05, afterMs: [0, 100] },
        ],
      },
      times: { visibilityMs: 300 },
      timeoutMs: 1_000,
    });
    const { faults } = bed.emulator;
    faults.addCallRule({ fault: "lost-response", rate: 0.05 });
    faults.addCallRule({ fault: "lost-request", rate: 0.05 });
    faults.addCallRule({ fault: "server-error", rate: 0.05 });
    faults.addCallRule({ fault: "throttle", rate: 0.03 });
    const sizes = Array.from({ length: 40 }, (_, at) => (at % 3 === 0 ? 5 : 1));
    const specs = sizes.map((children) => bed.spec({ children, attempts: 3 }));
    const submitted = await Promise.allSettled(specs.map((spec) => bed.backend.submit(spec)));
    // What gave up without an outcome is submitted again by name, as the engine does.
    for (const [at, outcome] of submitted.entries()) {
      const spec = specs[at];
      if (outcome.status === "rejected" && spec) await bed.backend.submit(spec);
    }
    const names = specs.map(({ name }) => name);
    const expected = sizes.reduce((sum, children) => sum + children, 0);
    const ends = () => bed.told.filter(({ state }) => state !== "running");
    const until = performance.now() + 40_000;
    while (ends().length < expected && performance.now() < until) {
      bed.told.push(...(await bed.backend.changes(names).catch(() => [])));
      await new Promise((resolve) => setTimeout(resolve, 30));
    }
    expect(new Set(ends().map(({ job, child }) => `${job}.${child}`)).size).toBe(expected);
    expect(ends()).toHaveLength(expected);
    const kinds = new Set(ends().map((end) => (end.state === "failed" ? end.failure.kind : "succeeded")));
    expect([...kinds].every((kind) => ["succeeded", "spot", "oom"].includes(kind))).toBe(true);
    faults.clear();
    await bed.backend.list();
    await expect.poll(() => bed.emulator.liveJobs(), { timeout: 5_000 }).toEqual([]);
  },
  90_000,
);
