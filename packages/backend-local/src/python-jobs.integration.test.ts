import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { afterAll, beforeAll, expect, it } from "vitest";
import { LocalBench } from "../test/local-bench.ts";

let bench: LocalBench;
beforeAll(async () => {
  bench = await LocalBench.open();
});
afterAll(() => bench[Symbol.asyncDispose]());

it("runs a pack and keeps what fails apart from what does not", async () => {
  const over = await bench.run([
    ["echo", "first"],
    ["fail", "because"],
    ["leave"],
    ["leave_now", 4],
    ["crash"],
    ["lock"],
    ["shout", 20 * 1024 * 1024],
    ["fork_and_return"],
    ["echo", "last"],
  ]);
  expect(over.change).toMatchObject({ state: "succeeded" });
  expect(over.statuses()).toEqual(["ok", "error", "error", "died", "died", "error", "ok", "ok", "ok"]);
  expect(over.cause(3)).toMatchObject({ kind: "exit", exitCode: 4, first: false });
  expect(over.cause(4)).toMatchObject({ kind: "signal", signal: 11 });
  expect(over.text(1)).toContain("because");
  expect(over.text(2)).toContain("the task called sys.exit(3)");
  expect(over.text(5)).toContain("lock");
  expect(over.text(8)).toContain("last");
});

it("keeps the limit of a task, and of memory", async () => {
  const over = await bench.run([["spin"], ["limited", 2 ** 31], ["echo", "after"]], { taskLimitMs: 300, fresh: true });
  expect(over.cause(0)).toMatchObject({ kind: "timeout", first: true });
  expect(over.statuses()).toEqual(["died", "error", "ok"]);
  expect(over.text(1)).toContain("MemoryError");
});

it("moves 50 MB in both directions", async () => {
  const over = await bench.run([["echo", new Uint8Array(50 * 1024 * 1024).fill(7)]]);
  expect(over.results.get(0)).toMatchObject({ status: "ok", raw: expect.closeTo(50 * 1024 * 1024, -2) });
});

it("runs an inline bundle", async () => {
  expect((await bench.run([["echo", "inline"]], { inline: true })).text(0)).toContain("inline");
});

it("ends a running task and one that waits, on request", async () => {
  const over = await bench.run([["spin"], ["echo", 1], ["echo", 2]], {
    onProgress: (backend, job) => void backend.revoke({ job, child: 0 }, [0, 2]),
  });
  expect(over.change).toMatchObject({ state: "succeeded" });
  expect(over.statuses()).toEqual(["died", "ok", "died"]);
  expect([over.cause(0), over.cause(2)]).toMatchObject([{ kind: "revoked" }, { kind: "revoked" }]);
});

it("cancels a job with what its task started", async () => {
  const pids = `${bench.root}/pids-cancel`;
  const over = await bench.run(
    [
      ["echo", 1],
      ["sleepers", pids],
    ],
    {
      onProgress: async (backend, job, hint) => {
        await bench.file(pids);
        expect(alive(hint.pid)).toBe(true);
        await backend.cancel([{ job, child: 0 }], "not wanted");
      },
    },
  );
  expect(over.change).toMatchObject({ state: "failed", failure: { kind: "cancelled", reason: "not wanted" } });
  expect(over.statuses()).toEqual(["ok"]);
  await gone(readFileSync(pids, "utf8"));
});

it("reports the death of the supervisor, after which nothing of the job runs", async () => {
  const pids = `${bench.root}/pids-supervisor`;
  const over = await bench.run([["sleepers", pids]], {
    onProgress: async (_backend, _job, hint) => {
      await bench.file(pids);
      process.kill(parentOf(hint.pid), "SIGKILL");
    },
  });
  expect(over.change).toMatchObject({
    state: "failed",
    failure: { kind: "exit", reason: expect.stringContaining("SIGKILL") },
  });
  await gone(readFileSync(pids, "utf8"));
});

it("leaves no process when the manager is killed", async () => {
  const pids = `${bench.root}/pids-manager`;
  const manager = spawn(process.execPath, ["--conditions=@scaler-aws-hpc/source", bench.managerProgram, pids], {
    stdio: ["ignore", "inherit", "inherit"],
  });
  await bench.file(pids);
  const sleepers = readFileSync(pids, "utf8");
  const executor = parentOf(Number(sleepers.split(" ")[0]));
  const supervisor = parentOf(executor);
  expect(parentOf(supervisor)).toBe(manager.pid);
  manager.kill("SIGKILL");
  await gone(`${supervisor} ${executor} ${sleepers}`);
});

it("keeps a process for one client only, and starts afresh when asked", async () => {
  const pids: string[] = [];
  for (const [client, fresh] of [
    ["aa", false],
    ["aa", false],
    ["bb", false],
    ["bb", true],
  ] as const) {
    pids.push((await bench.run([["pid"]], { client, fresh })).text(0));
  }
  expect(pids[0]).toBe(pids[1]);
  expect(new Set(pids).size).toBe(3);
});

it("runs 5,000 trivial tasks in one pack", async () => {
  const tasks = Array.from({ length: 5_000 }, (_, n) => ["echo", n] as const);
  await bench.run(tasks);
  let supervisor = 0;
  const before = process.cpuUsage();
  const begun = performance.now();
  const over = await bench.run(tasks);
  const ms = performance.now() - begun;
  const { user, system } = process.cpuUsage(before);
  expect(over.statuses().filter((status) => status === "ok")).toHaveLength(5_000);
  supervisor = over.results.size;
  const perTask = [...over.results.values()].reduce((sum, result) => sum + result.cpuSeconds, 0) / supervisor;
  console.log(
    `5,000 trivial tasks: ${ms.toFixed(0)} ms; CPU per task ${(perTask * 1e6).toFixed(1)} us in the executor's measure, ${((user + system) / 5_000).toFixed(1)} us in this process (bundle and decoding included)`,
  );
});

function alive(pid: number): boolean {
  try {
    return !/\) Z /.test(readFileSync(`/proc/${pid}/stat`, "latin1"));
  } catch {
    return false;
  }
}

function parentOf(pid: number): number {
  return Number(/^PPid:\s+(\d+)$/m.exec(readFileSync(`/proc/${pid}/status`, "latin1"))?.[1]);
}

async function gone(pids: string): Promise<void> {
  await expect.poll(() => pids.split(" ").filter((pid) => alive(Number(pid))), { timeout: 4_000 }).toEqual([]);
}
