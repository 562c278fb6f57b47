import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { FakeCluster } from "../../test-support/fake-cluster.ts";
import { turns } from "../../test-support/turns.ts";
import { encodeValue } from "../format/index.ts";
import { newIdentity } from "./identity.ts";
import { Session } from "./session.ts";
import type { TaskRun } from "./task-run.ts";

type Step =
  | { readonly do: "submit"; readonly values: readonly number[] }
  | { readonly do: "cancel" | "succeed" | "fail" | "die" | "confirm" | "refuse" | "stray"; readonly which: number }
  | { readonly do: "turn" | "clear" };

const steps: fc.Arbitrary<Step[]> = fc.array(
  fc.oneof(
    { weight: 5, arbitrary: fc.record({ do: fc.constant("submit"), values: fc.array(fc.nat(6), { maxLength: 3 }) }) },
    {
      weight: 8,
      arbitrary: fc.record({
        do: fc.constantFrom("cancel", "succeed", "fail", "die", "confirm", "refuse", "stray"),
        which: fc.nat(30),
      }),
    },
    { weight: 4, arbitrary: fc.record({ do: fc.constantFrom("turn", "turn", "turn", "clear") }) },
  ) as fc.Arbitrary<Step>,
  { maxLength: 60 },
);

interface Storm {
  readonly cluster: FakeCluster;
  readonly session: Session;
  readonly runs: TaskRun[];
  readonly canceling: Set<string>;
}

async function act({ cluster, session, runs, canceling }: Storm, step: Step): Promise<void> {
  if (!("which" in step) && step.do === "turn") return await turns(1);
  if (!("which" in step) && step.do === "clear") {
    session.clear(50).catch(() => undefined); // the client may leave first
    return;
  }
  if (step.do === "submit") {
    const prepared = Promise.resolve({ name: "job", bytes: Buffer.from("function") });
    const args = step.values.map((value) => ({ bytes: encodeValue(value) }));
    runs.push(session.submit({ prepared, args, priority: 0, profile: false, capabilities: {} }));
    return;
  }
  if (!("which" in step)) return;
  const task = [...cluster.tasks.values()][step.which % Math.max(1, cluster.tasks.size)];
  if (step.do === "cancel") void runs[step.which % Math.max(1, runs.length)]?.cancel();
  else if (step.do === "stray") cluster.confirm("00".repeat(16), "cancelNotFound");
  else if (task === undefined) return;
  else if (step.do === "succeed") cluster.succeed(task, 1);
  else if (step.do === "fail") cluster.fail(task, new Error("thrown"));
  else if (step.do === "die") cluster.die(task);
  else if (canceling.delete(task.taskId))
    cluster.confirm(task.taskId, step.do === "confirm" ? "canceled" : "cancelFailed");
}

describe("a session in any order of events", () => {
  it("settles every task, breaks no rule, and leaves nothing behind", async () => {
    await fc.assert(
      fc.asyncProperty(steps, fc.boolean(), async (list, lost) => {
        const cluster = new FakeCluster();
        const ports = { identity: newIdentity(), scheduler: cluster.scheduler, storage: cluster.storage };
        const session = new Session({ ...ports, idleLimits: { objects: 2, bytes: 1_000 } });
        cluster.session = session;
        const storm: Storm = { cluster, session, runs: [], canceling: new Set() };
        cluster.onCancel = (id) => storm.canceling.add(id);
        await session.start();
        for (const step of list) await act(storm, step);
        cluster.onCancel = (id) => cluster.confirm(id, "canceled");
        for (const id of storm.canceling) cluster.confirm(id, "canceled");
        if (lost) cluster.lose();
        await session.leave(1_000);
        await turns();
        expect(storm.runs.filter(({ over }) => !over).map(({ state }) => state)).toEqual([]);
        await Promise.allSettled(storm.runs.map(({ result }) => result));
        const { submitted, succeeded, failed, canceled, open } = session.stats;
        expect([open, succeeded + failed + canceled]).toEqual([0, submitted]);
        expect(cluster.breaches).toEqual([]);
      }),
      { numRuns: 150 },
    );
  });
});
