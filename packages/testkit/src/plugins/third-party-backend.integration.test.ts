import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { type BackendHost, checkPlugin, isAdapterError, systemClock } from "@scaler-aws-hpc/adapter-core";
import { backendCases, pythonWorkload } from "@scaler-aws-hpc/adapter-core/conformance";
import { FsPayloadStore } from "@scaler-aws-hpc/payload-fs";
import { pythonRunner } from "@scaler-aws-hpc/runner-python";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { runClientSuite } from "../scaler/client-suite.ts";
import { type Cluster, startCluster } from "../scaler/cluster.ts";
import { startManager } from "../scaler/manager.ts";
import { releaseBin, repositoryRoot } from "../scaler/repository.ts";
import { PluginUser } from "./plugin-user.ts";

const EXAMPLE = join(repositoryRoot(), "examples", "backend-fork");
const NAME = "scaler-aws-hpc-backend-fork";

/** Three ways of being broken, and what is said of each. */
const BROKEN = [
  ["acme-throws", `throw new Error("no licence found\\nand more lines");`, "no licence found"],
  ["acme-newer", "export const plugin = { apiVersion: 2, backends: [] };", "[incompatible] it speaks plugin API 2"],
  [
    "acme-shape",
    `export const plugin = { apiVersion: 1, backends: [{ name: "acme", summary: "", defaultStore: "fs", open: 1 }] };`,
    "[config] backends[0].open: expected a function, got 1",
  ],
] as const;

let user: PluginUser;
let cluster: Cluster;

beforeAll(async () => {
  user = await PluginUser.open();
  const tarballs = [await user.packCopy(EXAMPLE, NAME, "0.1.0")];
  for (const [name, source] of BROKEN) tarballs.push(await user.packModule(name, source));
  for (const tarball of tarballs) expect(await user.run("plugins", "install", tarball)).toMatchObject({ code: 0 });
  cluster = await startCluster();
});

afterAll(async () => {
  await cluster?.[Symbol.asyncDispose]();
  await user?.[Symbol.asyncDispose]();
});

describe("a backend of somebody else, installed from a tarball", () => {
  it("is listed with what it contributes, broken ones with one line each", async () => {
    const { code, text } = await user.run("plugins");
    expect(code).toBe(0);
    expect(text).toContain(`${NAME} 0.1.0 (user): backend fork, --fork-nice\n`);
    for (const [name, , reason] of BROKEN) {
      expect(text.split("\n").filter((line) => line.includes(name))).toEqual([
        expect.stringContaining(`${name} 1.0.0 (user): broken: ${reason}`),
      ]);
    }
  });

  it("was installed without its tests, and uses the program's copy of the core", async () => {
    expect((await readdir(user.installed(NAME))).toSorted()).toEqual(["LICENSE", "README.md", "package.json", "src"]);
    const core = JSON.parse(
      await readFile(join(user.installed("@scaler-aws-hpc/adapter-core"), "package.json"), "utf8"),
    ) as unknown;
    expect(core).toMatchObject({ name: "@scaler-aws-hpc/adapter-core" });
  });

  it("brings its flags, which are checked", async () => {
    expect((await user.run("config", "show", "--fork-nice", "7")).text).toContain("fork-nice = 7\n");
    const wrong = await user.run("start", "--backend", "fork", "--fork-nice", "70", cluster.address);
    expect(wrong).toMatchObject({ code: 78, text: expect.stringContaining("fork-nice: expected 0 to 19, got 70") });
  });

  it("runs a real client's tasks, and the manager leaves with exit code 0", async () => {
    const args = ["--max-concurrent-jobs", "3"];
    await using manager = await startManager(cluster, { backend: "fork", args, env: user.env });
    const cases = ["submit", "map", "graph", "raising", "os_exit", "cancel_running"] as const;
    const results = await runClientSuite(cluster, { cases, slots: 3, timeoutMs: 100_000 });
    expect(
      results.filter(({ ok }) => !ok),
      manager.logs.tail(),
    ).toEqual([]);
    expect(results).toHaveLength(cases.length);
    expect(manager.logs.text).toMatch(/backend"?[:=] ?"?fork/);
    expect(await manager.stop("SIGTERM", 10_000)).toMatchObject({ code: 0, signal: null });
  });

  it("leaves the other backends as they are, though plugins beside them are broken", async () => {
    await using manager = await startManager(cluster, { args: ["--max-concurrent-jobs", "2"], env: user.env });
    const [result] = await runClientSuite(cluster, { cases: ["submit"], timeoutMs: 60_000 });
    expect(result, manager.logs.tail()).toMatchObject({ ok: true });
    expect(await manager.stop("SIGTERM", 10_000)).toMatchObject({ code: 0, signal: null });
    for (const [name, , reason] of BROKEN) {
      const lines = manager.logs.text.split("\n").filter((line) => line.includes(name));
      expect(lines).toEqual([expect.stringContaining(`warning: plugin ${name} 1.0.0 (user) not loaded: ${reason}`)]);
    }
  });

  it("is exit code 78 when the wanted backend was in a broken plugin, with the line that says why", async () => {
    const { code, text } = await user.run("start", "--backend", "acme", cluster.address);
    expect(code).toBe(78);
    expect(text).toContain("warning: plugin acme-shape 1.0.0 (user) not loaded: [config] backends[0].open");
    expect(text).toContain('[config] backend "acme" is not installed; installed: batch, fork, local');
  });
});

describe("the installed backend keeps the backend contract", () => {
  const openPlace = async () => {
    // From where the program finds it, so with the program's own compiled core: another copy than this test's.
    const module: unknown = await import(pathToFileURL(join(user.installed(NAME), "src", "plugin.js")).href);
    const factory = checkPlugin(module).backends?.[0];
    if (factory === undefined) throw new Error("the plugin has no backend");
    const store = await FsPayloadStore.open();
    const quiet = (): void => undefined;
    const host: BackendHost = {
      clock: systemClock,
      log: { debug: quiet, info: quiet, warn: quiet, error: quiet },
      managerId: "conformance",
      profiles: [],
      runners: [pythonRunner],
      runnerOptions: { interpreter: join(releaseBin("2.9.0"), "python") },
      store: store.locator,
    };
    const backend = await factory.open({ "fork-nice": 1 }, host);
    return { backend, store, [Symbol.asyncDispose]: () => store[Symbol.asyncDispose]() };
  };
  for (const { name, run } of backendCases({ openPlace, workload: pythonWorkload })) it(name, run, 60_000);

  it("throws errors that are recognised though their class is another copy's", async () => {
    await using place = await openPlace();
    await place.backend[Symbol.asyncDispose]();
    const reason: unknown = await place.backend.list().catch((error: unknown) => error);
    expect(isAdapterError(reason) && reason.code).toBe("unavailable");
  });
});
