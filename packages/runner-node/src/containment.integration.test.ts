import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Bench, section } from "../test/bench.ts";

const ADD = { source: "(a, b) => a + b", args: [1, 2] };
const LOOP = { source: "() => { console.log('in a loop'); for (;;); }" };

let bench: Bench;
beforeAll(async () => {
  bench = await Bench.open({ SCALER_RUNNER_MEMORY_MIB: "64" });
});
afterAll(() => bench[Symbol.asyncDispose]());

describe("a task that would end its process", () => {
  it("is ended at its limit when it never lets go, and the others run", async () => {
    const over = await bench.run([ADD, LOOP, ADD], { taskLimitMs: 400 });
    expect(over.message).toMatchObject({ ok: true });
    expect(await over.value(0)).toBe(3);
    expect(await over.value(2)).toBe(3);
    expect(over.result(1)).toMatchObject({
      status: "died",
      cause: { kind: "timeout", reason: "the task ran longer than its limit of 0.4 s", first: false },
    });
    const { seconds, out } = over.result(1);
    expect(seconds).toBeGreaterThanOrEqual(0.4);
    expect(seconds).toBeLessThan(2);
    expect(Buffer.from(out ?? []).toString()).toBe("in a loop\n");
  });

  it("is ended at its limit when it waits for ever, for a promise or for a program", async () => {
    const tasks = [
      { source: "() => new Promise(() => {})" },
      { source: "async () => (await import('node:child_process')).execSync('sleep 30')" },
      { source: "() => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0)" },
      ADD,
    ];
    const over = await bench.run(tasks, { taskLimitMs: 300 });
    for (const task of [0, 1, 2]) expect(over.result(task)).toMatchObject({ cause: { kind: "timeout" } });
    expect(await over.value(3)).toBe(3);
  });

  it.each([
    [
      "objects",
      "() => { const all = []; for (;;) all.push({ n: all.length }); }",
      /out of memory: .* its limit (?:of|is) \d+ MiB/,
    ],
    [
      "elements of a list",
      "() => { const all = []; for (;;) all.push({}); }",
      /out of memory: .* its limit (?:of|is) \d+ MiB/,
    ],
    [
      "keys of a map",
      "() => { const all = new Map(); for (let n = 0; ; n++) all.set(n, n); }",
      /out of memory: .* its limit (?:of|is) \d+ MiB/,
    ],
    [
      "buffers",
      "async () => { const all = []; for (;;) { all.push(Buffer.alloc(4 << 20, 1)); await new Promise(setImmediate); } }",
      /out of memory: the runner held \d+ MiB, its limit is 320 MiB \(SCALER_RUNNER_MEMORY_MIB\)/,
    ],
    [
      "buffers without a pause",
      "() => { const all = []; for (;;) all.push(Buffer.alloc(1 << 20, 1)); }",
      /out of memory/,
    ],
  ])("is ended when it allocates %s without end, and the others run", async (_, source, reason) => {
    const over = await bench.run([ADD, { source }, ADD]);
    expect(over.message).toMatchObject({ ok: true });
    expect(over.result(1)).toMatchObject({ status: "died", cause: { kind: "oom", first: false } });
    expect(over.result(1)).toMatchObject({ cause: { reason: expect.stringMatching(reason) } });
    expect(await over.value(2)).toBe(3);
  });

  it.each([
    ["kills its process", "() => process.kill(process.pid, 'SIGKILL')", { kind: "signal", signal: 9 }, "SIGKILL"],
    ["stops its process", "() => { process.kill(process.pid, 'SIGTERM'); for (;;); }", { signal: 15 }, "SIGTERM"],
    ["aborts", "() => { console.log('so far'); process.abort(); }", { kind: "signal", signal: 6 }, "SIGABRT"],
    ["crashes in native code", "() => { process.kill(process.pid, 'SIGSEGV'); for (;;); }", { signal: 11 }, "SIGSEGV"],
    ["leaves without a word", "() => process.reallyExit(7)", { kind: "exit", exitCode: 7 }, "exit code 7"],
  ])("dies alone when it %s, and is named", async (_, source, cause, word) => {
    const over = await bench.run([ADD, { source }, ADD]);
    expect(over.message).toMatchObject({ ok: true });
    expect(over.result(1)).toMatchObject({ status: "died", cause: { ...cause, first: false } });
    expect(over.result(1)).toMatchObject({ cause: { reason: expect.stringContaining(word) } });
    expect([await over.value(0), await over.value(2)]).toEqual([3, 3]);
    const alone = await bench.run([{ source }], { fresh: true });
    expect(alone.result(0)).toMatchObject({ status: "died", cause: { first: true } });
  });

  it("dies alone when something kills its process, as a kernel without memory does; what it printed is there", async () => {
    await bench.begin(section([ADD, LOOP, ADD], { job: "job-killed" }));
    const { pid } = await bench.next("progress");
    process.kill(Number(pid), "SIGKILL");
    const over = await bench.over();
    expect(over.message).toMatchObject({ ok: true });
    expect(over.result(1)).toMatchObject({ status: "died", cause: { kind: "signal", signal: 9 } });
    expect(Buffer.from(over.result(1).out ?? []).toString()).toBe("in a loop\n");
    expect([await over.value(0), await over.value(2)]).toEqual([3, 3]);
  });

  it("has what its programs print in its output, when it dies", async () => {
    const source =
      "async () => { (await import('node:child_process')).execSync('echo by a program >&2', { stdio: 'inherit' }); await new Promise((resolve) => setTimeout(resolve, 50)); process.abort(); }";
    const over = await bench.run([{ source }]);
    expect(Buffer.from(over.result(0).err ?? []).toString()).toMatch(/^by a program\n[\s\S]*stack trace/);
    expect(bench.output).not.toContain("by a program");
  });

  it("fails with what it did when it calls process.exit, or throws where nobody catches", async () => {
    const tasks = [
      { source: "() => process.exit(3)" },
      { source: "() => { setTimeout(() => { throw new RangeError('late'); }); return new Promise(() => {}); }" },
      { source: "() => { Promise.reject(new TypeError('nobody looks')); return new Promise(() => {}); }" },
      { source: "() => new Promise((_, reject) => setTimeout(() => reject(new Error('in time')), 20))" },
      ADD,
    ];
    const over = await bench.run(tasks);
    expect(await over.error(0)).toMatchObject({ message: "the task called process.exit(3)" });
    expect(await over.error(1)).toBeInstanceOf(RangeError);
    expect(await over.error(2)).toMatchObject({ name: "TypeError", message: "nobody looks" });
    expect(await over.error(3)).toMatchObject({ message: "in time" });
    expect(await over.value(4)).toBe(3);
  });

  it("harms no other by what it leaves behind", async () => {
    const wait = { source: "() => new Promise((resolve) => setTimeout(() => resolve('waited'), 80))" };
    const tasks = [
      { source: "() => { Promise.reject(new Error('left')); return 'first'; }" },
      wait,
      { source: "() => { setTimeout(() => { throw new Error('left'); }, 10); return 'third'; }" },
      wait,
      { source: "() => { setTimeout(() => process.exit(0), 10); return 'fifth'; }" },
      wait,
    ];
    const over = await bench.run(tasks);
    const values = await Promise.all(tasks.map((_, task) => over.value(task)));
    expect(values).toEqual(["first", "waited", "third", "waited", "fifth", "waited"]);
  });

  it("has its output to itself, the last 64 KiB of it, and none of it is echoed", async () => {
    const loud = { source: "() => { for (let n = 0; n < 20000; n++) console.log('line', n); console.error('end'); }" };
    const over = await bench.run([{ ...loud, stream: true }, loud, { ...ADD, stream: true }]);
    const { out, err } = over.result(0);
    expect(out).toHaveLength(64 * 1024);
    expect(Buffer.from(out ?? []).toString()).toMatch(/\nline 19998\nline 19999\n$/);
    expect(Buffer.from(err ?? []).toString()).toBe("end\n");
    expect(over.result(1).out).toBeUndefined();
    expect(over.result(2).out).toBeUndefined();
    expect(bench.output).not.toContain("line");
  });
});
