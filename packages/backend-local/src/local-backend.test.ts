import { fileURLToPath } from "node:url";
import {
  type BackendHint,
  type BackendHost,
  type ChildChange,
  type JobSpec,
  type RunnerRecord,
  systemClock,
} from "@scaler-aws-hpc/adapter-core";
import { afterEach, expect, it, vi } from "vitest";
import { LocalBackend, type LocalBackendOptions, plugin } from "./index.ts";

const FAKE = fileURLToPath(new URL("../test/fake-runner.mjs", import.meta.url));
const opened: LocalBackend[] = [];
const logged: string[] = [];

afterEach(async () => {
  await Promise.all(opened.splice(0).map((backend) => backend[Symbol.asyncDispose]()));
  logged.length = 0;
});

function record(name: string, ...args: string[]): RunnerRecord {
  return { name, protocol: 1, matches: () => true, command: () => ({ file: process.execPath, args: [FAKE, ...args] }) };
}

function hostWith(runners: readonly RunnerRecord[]): BackendHost {
  const log = (message: string): void => void logged.push(message);
  return {
    clock: systemClock,
    log: { debug: log, info: log, warn: log, error: log },
    managerId: "m",
    profiles: [],
    runners,
    runnerOptions: {},
    store: { kind: "fs", root: "/nowhere" },
  };
}

interface Opened {
  readonly backend: LocalBackend;
  readonly hints: BackendHint[];
  /** The final change of a job. */
  over(job: string): Promise<ChildChange>;
}

function open(options: LocalBackendOptions = {}, runners: readonly RunnerRecord[] = [record("fake")]): Opened {
  const backend = new LocalBackend(hostWith(runners), { graceMs: 300, ...options });
  opened.push(backend);
  const hints: BackendHint[] = [];
  backend.watch((hint) => hints.push(hint));
  const find = (job: string): ChildChange | undefined =>
    hints
      .flatMap((hint) => (hint.type === "changed" ? hint.changes : []))
      .find((change) => change.job === job && change.state !== "running");
  const over = (job: string): Promise<ChildChange> =>
    vi.waitUntil(() => find(job), { timeout: 5_000, interval: 5 }) as Promise<ChildChange>;
  return { backend, hints, over };
}

function job(name: string, behaviour: string, changes: Partial<JobSpec> = {}): JobSpec {
  return {
    name,
    profile: "default",
    runner: "fake",
    children: 1,
    payload: { kind: "bundle", key: behaviour, bytes: 1, store: { kind: "fs", root: "/nowhere" } },
    outPrefix: `v1/out/m/${name}.`,
    secret: "00".repeat(32),
    tasksPerChild: [1],
    taskLimitMs: 60_000,
    childLimitMs: 60_000,
    attempts: 1,
    fresh: false,
    ...changes,
  };
}

async function running(hints: readonly BackendHint[], name: string): Promise<void> {
  await vi.waitUntil(() => hints.some((hint) => hint.type === "changed" && hint.changes[0]?.job === name), {
    timeout: 5_000,
    interval: 5,
  });
}

it("contributes the backend, with the machine's processors as slots", () => {
  const [factory] = plugin.backends ?? [];
  expect(factory).toMatchObject({ name: "local", defaultStore: "fs" });
  expect(factory?.defaultSlots?.()).toBeGreaterThan(0);
});

it("asks runners at the start what they lack, and goes on without one that may not be needed", async () => {
  const [factory] = plugin.backends ?? [];
  const lacking: RunnerRecord = { ...record("lacking"), check: ({ interpreter }) => [`${interpreter} lacks much`] };
  const absent: RunnerRecord = {
    ...record("absent"),
    check: () => {
      throw new Error("not here");
    },
  };
  const backend = await factory?.open({ python: "py" }, hostWith([lacking, absent]));
  expect(backend?.refuses?.("lacking", "default")).toBeUndefined();
  expect(backend?.refuses?.("absent", "default")).toBe("not here");
  expect(backend?.refuses?.("unheard-of", "default")).toMatch(/cannot be run on this machine/);
  await backend?.[Symbol.asyncDispose]();
  expect(logged).toEqual(["py lacks much", "a runner cannot be used"]);
  await expect(factory?.open({}, hostWith([absent]))).rejects.toThrow("not here");
});

it("pushes running, progress, frames and the end in this order, and submits once", async () => {
  const { backend, hints, over } = open();
  await backend.submit(job("a", "ok"));
  await backend.submit(job("a", "ok"));
  expect(await backend.list()).toEqual([{ name: "a", children: 1 }]);
  expect(await over("a")).toEqual({ job: "a", child: 0, state: "succeeded", attempt: 1 });
  expect(hints.map((hint) => (hint.type === "changed" ? hint.changes[0]?.state : hint.type))).toEqual([
    "running",
    "progress",
    "frame",
    "succeeded",
  ]);
  expect(await backend.changes(["a"])).toHaveLength(1);
  expect(await backend.changes(["a"])).toEqual([]);
  expect(await backend.list()).toEqual([]);
});

it("uses a process again, and another one only for a job at the same time", async () => {
  const { backend, hints, over } = open();
  const pids = new Set<number>();
  for (const name of ["a", "b", "c"]) {
    await backend.submit(job(name, "ok"));
    await over(name);
  }
  await Promise.all(["d", "e"].map((name) => backend.submit(job(name, "ok"))));
  await Promise.all(["d", "e"].map(over));
  for (const hint of hints) if (hint.type === "progress") pids.add(hint.pid);
  expect(pids.size).toBe(2);
});

it("ends idle processes beyond the first", async () => {
  const { backend, over } = open({ idleMs: 100 });
  await Promise.all(["a", "b", "c"].map((name) => backend.submit(job(name, "ok"))));
  await Promise.all(["a", "b", "c"].map(over));
  await vi.waitUntil(() => logged.filter((line) => line === "runner ended").length === 2, { timeout: 3_000 });
});

it("takes an inline bundle", async () => {
  const { backend, over } = open();
  const payload = { kind: "inline", bundle: Buffer.from("ok"), store: { kind: "fs", root: "/nowhere" } } as const;
  await backend.submit(job("a", "", { payload }));
  expect(await over("a")).toMatchObject({ state: "succeeded" });
  const large = { ...payload, bundle: new Uint8Array(backend.traits.inlineBytes + 1) };
  await expect(backend.submit(job("b", "", { payload: large }))).rejects.toThrow(/^\[too-large\]/);
});

it("reports a runner that cannot start as an image failure with its last lines", async () => {
  const missing: RunnerRecord = { ...record("missing"), command: () => ({ file: "/no/such/program", args: [] }) };
  const { backend, over } = open({ readyMs: 300 }, [
    record("crash", "crash"),
    missing,
    record("deaf", "deaf"),
    record("newer", "newer"),
    record("garbage", "garbage"),
  ]);
  for (const runner of ["crash", "missing", "deaf", "newer", "garbage"])
    await backend.submit(job(runner, "ok", { runner }));
  expect(await over("crash")).toMatchObject({
    failure: { kind: "image", reason: expect.stringContaining("exit code 1"), logTail: ["cannot import the moon"] },
  });
  expect(await over("missing")).toMatchObject({
    failure: { kind: "image", reason: expect.stringContaining("ENOENT") },
  });
  expect(await over("deaf")).toMatchObject({
    failure: { kind: "image", reason: expect.stringContaining("not ready within 300 ms") },
  });
  expect(await over("newer")).toMatchObject({
    failure: { kind: "image", reason: expect.stringContaining("protocol 2") },
  });
  expect(await over("garbage")).toMatchObject({
    failure: { kind: "image", reason: expect.stringContaining("made no sense") },
  });
});

it("reports a runner that dies in mid-job, and goes on with another", async () => {
  const { backend, over } = open();
  await backend.submit(job("a", "die"));
  expect(await over("a")).toMatchObject({ failure: { kind: "exit", exitCode: 7, logTail: ["last words"] } });
  await backend.submit(job("b", "killed"));
  expect(await over("b")).toMatchObject({ failure: { kind: "exit", reason: expect.stringContaining("SIGKILL") } });
  await backend.submit(job("heap", "heap"));
  expect(await over("heap")).toMatchObject({
    failure: { kind: "oom", reason: expect.stringMatching(/SIGABRT: out of memory/) },
  });
  await backend.submit(job("c", "long"));
  expect(await over("c")).toMatchObject({
    failure: { kind: "exit", reason: expect.stringContaining("longer than 1048576 bytes") },
  });
  await backend.submit(job("d", "ok"));
  expect(await over("d")).toMatchObject({ state: "succeeded" });
});

it("translates what a runner says of a failure", async () => {
  const { backend, over } = open();
  await backend.submit(job("a", "corrupt"));
  expect(await over("a")).toMatchObject({ failure: { kind: "definition", reason: "bad corrupt" } });
  await backend.submit(job("b", "store"));
  expect(await over("b")).toMatchObject({ failure: { kind: "host", reason: "bad store" } });
});

it("ends a runner that reports another job's frame", async () => {
  const { backend, hints, over } = open();
  await backend.submit(job("a", "elsewhere"));
  expect(await over("a")).toMatchObject({
    failure: { kind: "exit", reason: expect.stringContaining("not its job's") },
  });
  expect(hints.some((hint) => hint.type === "frame")).toBe(false);
});

it("cancels a job that starts, that runs, and one whose runner does not obey", async () => {
  const { backend, hints, over } = open();
  await backend.submit(job("starting", "ok"));
  await backend.cancel([{ job: "starting", child: 0 }], "not wanted");
  expect(await over("starting")).toMatchObject({ failure: { kind: "cancelled", reason: "not wanted" } });
  for (const name of ["idle", "stubborn"]) {
    await backend.submit(job(name, name));
    await running(hints, name);
    await backend.cancel([{ job: name, child: 0 }], "not wanted");
    await backend.cancel(
      [
        { job: name, child: 0 },
        { job: "unknown", child: 0 },
      ],
      "again",
    );
    expect(await over(name)).toMatchObject({ failure: { kind: "cancelled", reason: "not wanted" } });
  }
});

it("stops a job at its limit", async () => {
  const { backend, over } = open();
  await backend.submit(job("a", "idle", { childLimitMs: 100 }));
  expect(await over("a")).toMatchObject({ failure: { kind: "timeout", reason: expect.stringContaining("100 ms") } });
});

it("passes a revoke on, also when the runner still starts", async () => {
  const { backend, hints, over } = open();
  await backend.submit(job("a", "idle"));
  await backend.revoke({ job: "a", child: 0 }, [4, 2]);
  await over("a");
  expect(hints.find((hint) => hint.type === "frame")).toMatchObject({ key: "v1/out/m/a.0.1.42" });
});

it("reports jobs it does not know as lost, and refuses what it cannot run", async () => {
  const { backend } = open();
  expect(await backend.changes(["x"])).toMatchObject([{ job: "x", state: "failed", failure: { kind: "lost" } }]);
  await expect(backend.submit(job("a", "ok", { runner: "java" }))).rejects.toThrow(/^\[rejected\]/);
  await expect(backend.submit(job("a", "ok", { children: 2 }))).rejects.toThrow(/^\[too-large\]/);
  const stopped = AbortSignal.abort(new Error("stop"));
  await expect(backend.submit(job("a", "ok"), { signal: stopped })).rejects.toThrow("stop");
  expect(await backend.list()).toEqual([]);
});

it("forgets the oldest finished jobs", async () => {
  const { backend, over } = open({ remembered: 2 });
  for (const name of ["a", "b", "c"]) {
    await backend.submit(job(name, "ok"));
    await over(name);
  }
  expect((await backend.changes(["a", "b", "c"])).map((change) => change.state)).toEqual([
    "failed",
    "succeeded",
    "succeeded",
  ]);
});

it("leaves nothing running when it is closed", async () => {
  const { backend, hints, over } = open({ readyMs: 60_000 }, [record("fake"), record("deaf", "deaf")]);
  await backend.submit(job("a", "stubborn"));
  await backend.submit(job("b", "ok", { runner: "deaf" }));
  await running(hints, "a");
  await backend[Symbol.asyncDispose]();
  await backend[Symbol.asyncDispose]();
  expect(await over("a")).toMatchObject({ failure: { kind: "cancelled" } });
  expect(await over("b")).toMatchObject({ failure: { kind: "cancelled" } });
  expect(logged.filter((line) => line === "runner ended")).toHaveLength(2);
  await expect(backend.submit(job("c", "ok"))).rejects.toThrow(/^\[unavailable\]/);
});
