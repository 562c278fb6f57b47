import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { gzipSync } from "node:zlib";
import type { Section } from "@scaler-aws-hpc/adapter-core";
import { encodeValue } from "@scaler-aws-hpc/client/format";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { Bench, bundle, section } from "../test/bench.ts";

const ADD = { source: "(a, b) => a + b", args: [1, 2] };
const HANG = { source: "() => new Promise(() => {})" };
const WAIT = { source: "(ms) => new Promise((resolve) => setTimeout(resolve, ms, ms))", args: [150] };
const COUNT = {
  source: "(() => { globalThis.evaluated = (globalThis.evaluated ?? 0) + 1; return () => globalThis.evaluated; })()",
};

let bench: Bench;
beforeEach(async () => {
  bench = await Bench.open();
});
afterEach(() => bench[Symbol.asyncDispose]());

/** Whether a process runs: one that nobody has collected yet does not. */
function isAlive(pid: number): boolean {
  try {
    return !readFileSync(`/proc/${pid}/stat`, "latin1").includes(") Z ");
  } catch {
    return false;
  }
}

function parentOf(pid: string): number | undefined {
  try {
    return Number(readFileSync(`/proc/${pid}/stat`, "latin1").split(") ")[1]?.split(" ")[1]);
  } catch {
    return undefined;
  }
}

describe("packs", () => {
  it("are run in order and measured", async () => {
    const busy = { source: "() => { const end = Date.now() + 60; while (Date.now() < end); }" };
    const over = await bench.run([ADD, busy], { flushMs: 60_000 });
    expect(over.message).toMatchObject({ type: "over", ok: true });
    expect(over.frames).toMatchObject([{ n: 0, last: true, runner: expect.stringMatching(/^node\/1\.0 node \d/) }]);
    expect(await over.value(1)).toBeUndefined();
    const { seconds, cpuSeconds, peakBytes, started = 0 } = over.result(1);
    expect(seconds).toBeGreaterThan(0.05);
    expect(cpuSeconds).toBeGreaterThan(0.001);
    expect(peakBytes).toBeGreaterThan(10e6);
    expect(started).toBeGreaterThan(0);
  });

  it("evaluate a module once in a process, which is kept for a client and no longer", async () => {
    const first = await bench.run([COUNT, COUNT]);
    expect([await first.value(0), await first.value(1)]).toEqual([1, 1]);
    expect(await (await bench.run([COUNT])).value(0)).toBe(1);
    const state = { source: "() => [globalThis.evaluated, globalThis.mine = (globalThis.mine ?? 0) + 1]" };
    expect(await (await bench.run([state])).value(0)).toEqual([1, 1]);
    expect(await (await bench.run([state])).value(0)).toEqual([1, 2]);
    expect(await (await bench.run([state], { fresh: true })).value(0)).toEqual([undefined, 1]);
    expect(await (await bench.run([state], { client: "beef" })).value(0)).toEqual([undefined, 1]);
  });

  it("read compressed objects and those that are shared", async () => {
    const plain = section([ADD, ADD]);
    const large = encodeValue("x".repeat(100_000));
    const stored = gzipSync(large);
    const key = "v1/in/m/objects/shared";
    const sha256 = createHash("sha256").update(stored).digest("hex");
    const shared = { id: "ee".repeat(32), key, sha256, stored: stored.length, raw: large.length, gzip: true };
    const one: Section = {
      ...plain,
      objects: [...plain.objects, shared],
      tasks: plain.tasks.map((task, n) => (n === 1 ? { ...task, args: [shared.id, task.args[1] ?? ""] } : task)),
    };
    await bench.put(key, stored);
    await bench.begin(one);
    const over = await bench.over();
    expect(await over.value(1)).toHaveLength(100_001);
    await bench.put(key, stored.subarray(1));
    await bench.begin({ ...one, job: "job-2" });
    expect((await bench.over()).message).toMatchObject({ ok: false, kind: "corrupt" });
    await bench.begin({
      ...one,
      job: "job-3",
      objects: [...plain.objects, { ...shared, key: "v1/in/m/objects/none" }],
    });
    expect((await bench.over()).message).toMatchObject({
      ok: false,
      kind: "store",
      reason: expect.stringContaining("not in"),
    });
  });

  it("give results while they run, and start nothing later than their time after the first task", async () => {
    const over = await bench.run([WAIT, WAIT, WAIT, WAIT], { flushMs: 10, packBudgetMs: 200 });
    expect(over.message).toMatchObject({ ok: true });
    expect(over.frames.map(({ last }) => last)).toEqual([false, true]);
    expect(over.frames.at(-1)).toMatchObject({ notStarted: [2, 3], results: [{ task: 1 }] });
  });

  it("say what is running", async () => {
    const over = await bench.run([ADD, { ...WAIT, args: [400] }]);
    expect(over.progress).toMatchObject([{ task: 1, rssBytes: expect.any(Number), cpuPercent: expect.any(Number) }]);
    expect(parentOf(String(over.progress[0]?.pid))).toBe(bench.process.pid);
  });
});

describe("what is not what was signed", () => {
  it("is not executed", async () => {
    const touch = { source: "() => { globalThis.touched = true; }" };
    for (const at of [20, 40, 300, -5]) {
      const one = section([touch], { job: `job-x${Math.abs(at)}` });
      await bench.begin(one, (bytes) => {
        bytes[at < 0 ? bytes.length + at : at] = (bytes.at(at) ?? 0) ^ 1;
        return bytes;
      });
      expect((await bench.over()).message, `byte ${at}`).toMatchObject({ ok: false, kind: "corrupt" });
    }
    expect(await (await bench.run([{ source: "() => globalThis.touched" }])).value(0)).toBeUndefined();
  });

  it("is refused in words: stores, keys and descriptions", async () => {
    const one = section([ADD]);
    const inline = (await bundle(one)).toString("base64url");
    const lines = [
      [{ inline, store: { kind: "ftp" } }, "store", /stores of kind fs, s3/],
      [{ inline, store: { kind: "fs", root: "relative" } }, "store", /absolute root/],
      [{ bundle: "../etc/passwd" }, "store", /not a store key/],
      [{ bundle: "v1/in/m/absent" }, "store", /is not in the store/],
      [{ inline, secret: "short" }, "corrupt", /not well formed/],
      [{ inline, outPrefix: "elsewhere/" }, "corrupt", /not well formed/],
      [{ inline, child: 3 }, "corrupt", /1 sections, section 3 was asked for/],
    ] as const;
    for (const [choices, kind, reason] of lines) {
      bench.send(bench.runLine(one, choices));
      expect(await bench.next("over")).toMatchObject({ ok: false, kind, reason: expect.stringMatching(reason) });
    }
    bench.send(bench.runLine(one, { inline }));
    expect(await bench.next("over")).toMatchObject({ ok: true });
  });
});

describe("the manager", () => {
  it("revokes running tasks and waiting ones; the others go on", async () => {
    await bench.begin(section([HANG, ADD, HANG, ADD]));
    await bench.next("progress");
    bench.send({ type: "revoke", job: "job-1", child: 0, tasks: [0, 2, 9] });
    const over = await bench.over();
    expect(over.message).toMatchObject({ ok: true });
    for (const task of [0, 2]) expect(over.result(task)).toMatchObject({ status: "died", cause: { kind: "revoked" } });
    for (const task of [1, 3]) expect(await over.value(task)).toBe(3);
  });

  it("cancels a child: what is finished is stored, and another child can run", async () => {
    await bench.begin(section([ADD, HANG, ADD]));
    await bench.next("progress");
    bench.send({ type: "cancel", job: "another", child: 0 });
    bench.send({ type: "cancel", job: "job-1", child: 0 });
    const over = await bench.over();
    expect(over.message).toMatchObject({ ok: false, kind: "cancelled" });
    expect(await over.value(0)).toBe(3);
    expect(over.frames.at(-1)).toMatchObject({ last: true, notStarted: [2] });
    expect(await (await bench.run([ADD], { job: "job-2" })).value(0)).toBe(3);
  });

  it("stops the runner with SIGTERM: what is finished is stored, the rest handed back", async () => {
    await bench.begin(section([ADD, HANG, ADD]));
    await bench.next("progress");
    bench.process.kill("SIGTERM");
    const over = await bench.over();
    expect(over.message).toMatchObject({ ok: false, kind: "exit", reason: expect.stringContaining("SIGTERM") });
    expect(over.frames.at(-1)).toMatchObject({ last: true, notStarted: [2] });
    expect(await bench.ended).toEqual({ code: 143, signal: null });
  });

  it("ends the runner when it is idle, also when something makes no sense", async () => {
    bench.send({ type: "something newer", that: "is ignored" });
    bench.send({ type: "exit" });
    expect(await bench.ended).toEqual({ code: 0, signal: null });
  });

  it("is gone: so is the runner at once, with what its tasks started", async () => {
    const program = {
      source:
        "async () => { const { spawn } = await import('node:child_process'); console.log(spawn('sleep', ['60']).pid); return new Promise(() => {}); }",
      stream: true,
    };
    await bench.begin(section([program, ADD]));
    await bench.next("progress");
    const children = (parent = 0) =>
      readdirSync("/proc").filter(
        (pid) => /^\d+$/.test(pid) && parentOf(pid) === Number(parent) && isAlive(Number(pid)),
      );
    const executors = children(bench.process.pid);
    const programs = executors.flatMap((pid) => children(Number(pid)));
    expect([executors.length, programs.length]).toEqual([1, 1]);
    bench.hangUp();
    expect(await bench.ended).toMatchObject({ signal: "SIGKILL" });
    const alive = () => [...executors, ...programs].filter((pid) => isAlive(Number(pid)));
    await expect.poll(alive, { timeout: 5_000 }).toEqual([]);
  });
});
