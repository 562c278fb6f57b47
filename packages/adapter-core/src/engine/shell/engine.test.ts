import { afterEach, describe, expect, it } from "vitest";
import { AdapterError } from "../../contracts/adapter-error.ts";
import type { BackendTraits } from "../../contracts/backend.ts";
import type { Log } from "../../contracts/host.ts";
import { ManualClock } from "../../memory/manual-clock.ts";
import { MemoryBackend } from "../../memory/memory-backend.ts";
import { MemoryObjects } from "../../memory/memory-objects.ts";
import { MemoryPayloadStore } from "../../memory/memory-payload-store.ts";
import { MemoryScheduler } from "../../memory/memory-scheduler.ts";
import type { MemoryOutcome, MemoryTask } from "../../memory/memory-task.ts";
import { scripted } from "../../memory/scripted.ts";
import type { CoreOptions } from "../core/options.ts";
import { Engine } from "./engine.ts";
import type { EngineOptions } from "./engine-options.ts";

const utf8 = (text: string): Uint8Array => Buffer.from(text);
const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString();

/** Reverses its one argument; `raise`, `die` and `sleep` do what they say. */
async function run(task: MemoryTask, clock: ManualClock): Promise<MemoryOutcome> {
  const what = text(task.fn);
  if (what === "sleep") await clock.sleep(1_000, { signal: task.signal });
  if (what === "die") return { status: "died", cause: { kind: "exit", reason: "exit code 3", first: true } };
  if (what === "raise") return { status: "error", blob: utf8("an exception") };
  const blob = Buffer.concat(task.args.map((arg) => Buffer.from(arg))).reverse();
  return { status: "ok", blob, out: utf8(`saw ${task.args.length}\n`) };
}

/** Numbers in [0, 1), the same in every run. */
function seeded(): () => number {
  let state = 1;
  return () => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
    return state / 2 ** 32;
  };
}

interface Setup {
  readonly core?: Partial<CoreOptions>;
  readonly engine?: Partial<EngineOptions>;
  readonly traits?: Partial<BackendTraits>;
}

const opened: Engine[] = [];

function setup(options: Setup = {}) {
  const clock = new ManualClock();
  const objects = new MemoryObjects(clock);
  const scheduler = new MemoryScheduler({ clock, objects, latencyMs: 1 });
  const store = scripted(new MemoryPayloadStore());
  const backend = new MemoryBackend({
    store,
    clock,
    run: (task) => run(task, clock),
    ...(options.traits ? { traits: options.traits } : {}),
  });
  const lines: string[] = [];
  const write = (message: string, fields?: object): void => {
    lines.push(`${message} ${JSON.stringify(fields ?? {})}`);
  };
  const log: Log = { debug: write, info: write, warn: write, error: write };
  const start = (): Engine => {
    const engine = Engine.open({
      ...{ scheduler, objects, backend, store, log, clock },
      core: {
        jobPrefix: "t",
        profiles: [{ name: "default", slots: 2, capabilities: { cpu: 1 }, settings: {} }],
        backend: backend.traits,
        ...options.core,
      },
      runners: [{ name: "python", protocol: 1, matches: (head) => head[0] === 0x80 }],
      managerId: "m1",
      workerManagerId: "manager",
      random: seeded(),
      ...options.engine,
    });
    opened.push(engine);
    return engine;
  };
  return { clock, objects, scheduler, store, backend, lines, start };
}

afterEach(async () => {
  for (const engine of opened.splice(0)) engine.stop({ graceMs: 0 }).catch(() => {});
});

describe("Engine", () => {
  it("runs tasks, and brings results, exceptions, profiles and output back", async () => {
    const { clock, scheduler, start } = setup();
    const engine = start();
    const fn = scheduler.object(utf8("reverse"));
    const plain = scheduler.submit(fn, [scheduler.object(utf8("abc"))]);
    const loud = scheduler.submit(fn, [scheduler.object(utf8("x")), scheduler.object(utf8("y"))], {
      streamOutput: true,
    });
    const raises = scheduler.submit(scheduler.object(utf8("raise")), []);
    await clock.until(() => [plain, loud, raises].every((handle) => handle.settled));
    expect(text((await plain.end).bytes)).toBe("cba");
    expect((await plain.end).out).toBe("");
    expect(await loud.end).toMatchObject({ status: "success", out: "saw 2\n" });
    expect(await raises.end).toMatchObject({ status: "failed" });
    expect((await plain.end).profile).toMatchObject({ peakBytes: 0 });
    expect(scheduler.breaches).toEqual([]);
    expect(engine.stats()).toMatchObject({ received: 3, done: 2, failed: 1, connected: 1 });
  });

  it("reports itself: heartbeats with one status per slot, and the manager on its own", async () => {
    const { clock, scheduler, start } = setup({ traits: { inlineBytes: 0 } });
    start();
    const task = scheduler.submit(scheduler.object(utf8("sleep")), []);
    await clock.advance(6_500);
    const beats = scheduler.heartbeats;
    expect(beats.length).toBeGreaterThanOrEqual(3);
    expect(beats[0]).toMatchObject({ workerManagerId: "manager", capabilities: { cpu: 1 } });
    expect(beats[0]?.slots).toHaveLength(2);
    expect(scheduler.managerReports.length).toBeGreaterThanOrEqual(3);
    expect(scheduler.managerReports[0]).toMatchObject({ maxTaskConcurrency: 2, workerManagerId: "manager" });
    expect(task.settled).toBe(true);
  });

  it("shows the running task in the heartbeat", async () => {
    const { clock, scheduler, start } = setup({ core: { heartbeatMs: 300 } });
    start();
    const task = scheduler.submit(scheduler.object(utf8("sleep")), []);
    await clock.until(() => task.settled);
    const shown = scheduler.heartbeats.flatMap((beat) => beat.slots).map((slot) => slot.taskId);
    expect(shown).toContain(task.task.taskId);
  });

  it("fails a task whose object never comes, by its name, and goes on with the others", async () => {
    const { clock, scheduler, objects, start } = setup({ engine: { objectTimeoutMs: 20_000 } });
    start();
    const fn = scheduler.object(utf8("reverse"));
    const ghost = scheduler.object(utf8("ghost"));
    objects.remove(ghost);
    const lost = scheduler.submit(fn, [ghost]);
    const fine = scheduler.submit(fn, [scheduler.object(utf8("ab"))]);
    await clock.until(() => fine.settled, 5_000);
    expect(lost.settled).toBe(false);
    await clock.until(() => lost.settled, 40_000);
    expect(text((await lost.end).bytes)).toContain(`input object ${ghost} did not arrive within 20 s`);
    expect(scheduler.breaches).toEqual([]);
  });

  it("starts a task late when its object comes late", async () => {
    const { clock, scheduler, objects, start } = setup();
    start();
    const late = scheduler.object(utf8("late"));
    objects.remove(late);
    const task = scheduler.submit(scheduler.object(utf8("reverse")), [late]);
    await clock.advance(5_000);
    objects.put(late, utf8("late"));
    await clock.until(() => task.settled);
    expect(text((await task.end).bytes)).toBe("etal");
  });

  it("answers a failure of the process by the right class, with the reason", async () => {
    const { clock, scheduler, start } = setup();
    start();
    const task = scheduler.submit(scheduler.object(utf8("die")), []);
    await clock.until(() => task.settled);
    const end = await task.end;
    expect(end.status).toBe("failed");
    expect(text(end.bytes)).toContain("WorkerDiedError");
    expect(text(end.bytes)).toContain("exit code 3");
  });

  it("refuses a payload above its limit and says so", async () => {
    const { clock, scheduler, start } = setup({ engine: { maxPayloadBytes: 1_000 } });
    start();
    const fn = scheduler.object(utf8("reverse"));
    const one = scheduler.submit(fn, [scheduler.object(new Uint8Array(2_000))]);
    const sum = scheduler.submit(fn, [scheduler.object(new Uint8Array(600)), scheduler.object(new Uint8Array(600))]);
    await clock.until(() => one.settled && sum.settled);
    expect(text((await one.end).bytes)).toContain("above --max-payload");
    expect(text((await sum.end).bytes)).toMatch(/payload of 12\d\d bytes is above --max-payload/);
  });

  it("splits what does not fit into one pack, and stores a big argument once", async () => {
    const { clock, scheduler, store, start } = setup({
      engine: { maxJobBytes: 10_000, shareAboveBytes: 3_000 },
      traits: { inlineBytes: 0 },
    });
    start();
    const fn = scheduler.object(utf8("reverse"));
    const big = scheduler.object(new Uint8Array(5_000).fill(66));
    const handles = Array.from({ length: 6 }, (_, at) =>
      scheduler.submit(fn, [big, scheduler.object(new Uint8Array(2_500).fill(65 + at))]),
    );
    await clock.until(() => handles.every((handle) => handle.settled));
    for (const handle of handles) expect((await handle.end).bytes).toHaveLength(7_500);
    const puts = store.calls.put.map(([key]) => String(key));
    expect(puts.filter((key) => key.includes("/objects/"))).toHaveLength(1);
    await clock.advance(60_000);
    const left: string[] = [];
    for await (const { key } of store.list("")) left.push(key);
    expect(left).toEqual([]);
  });

  it("resumes a broken link, loses nothing and runs nothing twice", async () => {
    const { clock, scheduler, start } = setup({ traits: { inlineBytes: 0 } });
    const engine = start();
    const fn = scheduler.object(utf8("sleep"));
    const handles = Array.from({ length: 8 }, (_, at) => scheduler.submit(fn, [scheduler.object(utf8(`t${at}`))]));
    await clock.advance(500);
    scheduler.cut();
    await clock.until(() => handles.every((handle) => handle.settled));
    for (const [at, handle] of handles.entries()) expect(text((await handle.end).bytes)).toBe(`${at}t`);
    expect(engine.stats().brokenLinks).toBe(1);
    expect(scheduler.breaches).toEqual([]);
  });

  it("keeps trying while the scheduler is away, and says so once and then each 30 s", async () => {
    const { clock, scheduler, lines, start } = setup();
    scheduler.reachable = false;
    start();
    await clock.advance(85_000);
    expect(lines.filter((line) => line.includes("cannot be reached; trying again"))).toHaveLength(3);
    scheduler.reachable = true;
    const task = scheduler.submit(scheduler.object(utf8("reverse")), []);
    await clock.until(() => task.settled);
    expect(lines.filter((line) => line.includes("connected to the scheduler"))).toHaveLength(1);
    scheduler.reachable = false;
    scheduler.cut();
    await clock.advance(5_000);
    scheduler.reachable = true;
    await clock.until(() => lines.some((line) => line.includes("can be reached again")));
  });

  it("says when the scheduler knows another manager of its id, and works all the same", async () => {
    const { clock, scheduler, lines, start } = setup();
    scheduler.otherManager = true;
    start();
    const said = (text: string): number => lines.filter((line) => line.includes(text)).length;
    await clock.advance(30_000);
    expect(said("another one of the same id may be alive")).toBe(1);
    const task = scheduler.submit(scheduler.object(utf8("reverse")), []);
    await clock.until(() => task.settled);
    scheduler.otherManager = false;
    await clock.advance(30_000);
    expect(said("the scheduler answers this manager")).toBe(1);
  });

  it("gives up when the first connection takes too long", async () => {
    const { clock, scheduler, start } = setup({ engine: { connectTimeoutMs: 5_000 } });
    scheduler.reachable = false;
    const engine = start();
    const end = expect(engine.finished).rejects.toThrow(
      "[unavailable] no connection to the scheduler within 5 s: [unavailable] connection refused",
    );
    await clock.advance(6_000);
    await end;
    expect(clock.sleeping).toBe(0);
  });

  it("ends at once when the scheduler can never be reached like this", async () => {
    const { clock, scheduler, start } = setup();
    scheduler.open = async () => {
      throw new AdapterError("config", "unknown certificate authority");
    };
    const engine = start();
    const end = expect(engine.finished).rejects.toThrow("[config] unknown certificate authority");
    await clock.settle();
    await end;
  });

  it("cancels a running task and frees its slot", async () => {
    const { clock, scheduler, start } = setup({ core: { maxTasksPerPack: 1 } });
    const engine = start();
    const fn = scheduler.object(utf8("sleep"));
    const handle = scheduler.submit(fn, []);
    await clock.advance(300);
    scheduler.cancel(handle, true);
    await clock.until(() => handle.settled);
    expect((await handle.end).status).toBe("canceled");
    await clock.advance(3_000);
    expect(engine.stats()).toMatchObject({ cancelled: 1, running: 0, queued: 0 });
    expect(handle.answers).toEqual(["canceled"]);
  });

  it("drains: finishes, leaves, ends with nothing waiting", async () => {
    const { clock, scheduler, store, start } = setup({ traits: { inlineBytes: 0 } });
    const engine = start();
    const handle = scheduler.submit(scheduler.object(utf8("sleep")), []);
    await clock.advance(300);
    const stopped = engine.stop({ graceMs: 60_000 });
    await clock.until(() => scheduler.left.length > 0);
    await clock.advance(100);
    expect(await stopped).toMatchObject({ reason: "drained" });
    expect(handle.answers).toEqual(["success"]);
    expect(scheduler.left).toHaveLength(1);
    expect(clock.sleeping).toBe(0);
    const left: string[] = [];
    for await (const { key } of store.list("")) left.push(key);
    expect(left).toEqual([]);
  });

  it("ends when a client shuts the cluster down", async () => {
    const { clock, scheduler, start } = setup();
    const engine = start();
    await clock.advance(100);
    scheduler.shutdown();
    await clock.advance(1_000);
    expect(await engine.finished).toMatchObject({ reason: "shutdown" });
  });

  it("repeats what the store refuses for a while, and reads results again that it evicted", async () => {
    const { clock, scheduler, store, start } = setup({ traits: { inlineBytes: 0 }, engine: { frameCacheBytes: 1 } });
    store.script({ put: ["unavailable", "throttled"], get: ["unavailable"], delete: ["unavailable"] });
    start();
    const fn = scheduler.object(utf8("reverse"));
    const handles = ["ab", "cd", "ef"].map((arg) => scheduler.submit(fn, [scheduler.object(utf8(arg))]));
    await clock.until(() => handles.every((handle) => handle.settled));
    expect(await Promise.all(handles.map(async (handle) => text((await handle.end).bytes)))).toEqual([
      "ba",
      "dc",
      "fe",
    ]);
    expect(scheduler.breaches).toEqual([]);
  });

  it("finds frames by listing where the backend pushes nothing", async () => {
    const { clock, scheduler, start } = setup({ traits: { pushes: false, inlineBytes: 0, pollMs: 500 } });
    start();
    const fn = scheduler.object(utf8("reverse"));
    const handles = ["ab", "cd", "ef"].map((arg) => scheduler.submit(fn, [scheduler.object(utf8(arg))]));
    await clock.until(() => handles.every((handle) => handle.settled));
    expect(scheduler.breaches).toEqual([]);
  });

  it("ignores a forged frame, counts it, and keeps the right result", async () => {
    const { clock, scheduler, store, start } = setup({ traits: { inlineBytes: 0, pushes: false, pollMs: 200 } });
    const engine = start();
    const handle = scheduler.submit(scheduler.object(utf8("sleep")), [scheduler.object(utf8("ab"))]);
    await clock.advance(500);
    await store.put("v1/out/m1/other-1.0.1.7", utf8("forged"));
    const job = store.calls.put.map(([key]) => String(key)).find((key) => key.startsWith("v1/in/m1/"));
    await store.put(`${job?.replace("/in/", "/out/")}.0.1.9`, utf8("forged"));
    await clock.until(() => handle.settled);
    expect(text((await handle.end).bytes)).toBe("ba");
    expect(engine.stats().corruptFrames).toBe(1);
  });

  it("ends with an internal error when the core throws", async () => {
    const { clock, start } = setup({
      engine: {
        decide: () => ({
          apply: () => {
            throw new Error("impossible");
          },
          nextWake: () => undefined,
        }),
      },
    });
    const engine = start();
    const end = expect(engine.finished).rejects.toThrow("[internal] the engine met a state it does not know");
    await clock.settle();
    await end;
  });
});
