import { hostname } from "node:os";
import { encodeLease, type JobKeeper, type LiveJob, leaseKey, PluginRegistry } from "@scaler-aws-hpc/adapter-core";
import { MemoryPayloadStore, MemoryPlace } from "@scaler-aws-hpc/adapter-core/memory";
import { describe, expect, it } from "vitest";
import { resolveOptions } from "../options/resolve-options.ts";
import { startOptions } from "../options/start-options.ts";
import { type Deployment, findDeployment } from "../start/deployment.ts";
import { LEASE_MS, leaseText, livingManagers, readLease } from "./managers.ts";
import { OrphanKeeper } from "./orphan-keeper.ts";

const silent = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined };
const NOW = 1_700_000_000_000;
const lease = { epoch: 3, owner: "0".repeat(32), host: "h", pid: 7, renewed: NOW, released: false, workers: [] };

const GPU = { name: "gpu", slots: 1, capabilities: {}, settings: {} };

/** A deployment whose backend runs the jobs of `live`, by manager id. */
function deploymentOf(place: MemoryPlace, live: Map<string, LiveJob[]>, outlives = true): Deployment {
  const keep = async (_options: object, { managerId }: { readonly managerId: string }): Promise<JobKeeper> => ({
    list: async () => live.get(managerId) ?? [],
    end: async (names) => {
      const left = (live.get(managerId) ?? []).filter(({ name }) => !names.includes(name));
      live.set(managerId, left);
    },
    [Symbol.asyncDispose]: async () => undefined,
  });
  const open = () => Promise.reject(new Error("a backend was opened"));
  const queue = { name: "job-queue", type: "string", summary: "Queue", identifies: true } as const;
  const definition = { name: "job-definition", type: "string", summary: "Only for what runs", required: true } as const;
  const registry = new PluginRegistry();
  const plugin = {
    apiVersion: 1,
    backends: [
      {
        name: "batch",
        summary: "",
        defaultStore: "memory",
        options: [queue, definition],
        open,
        ...(outlives && { keep }),
      },
    ],
    payloadStores: [{ name: "memory", summary: "", open: async () => new MemoryPayloadStore({ place }) }],
    runners: [{ name: "python", protocol: 1, matches: () => true }],
  };
  registry.add({ plugin }, { package: "p", version: "1", origin: "core" });
  const options = startOptions({ registry, broken: [] });
  const flags = { "worker-manager-id": "prod", "job-queue": "q" };
  return findDeployment(
    { ...resolveOptions(options, { flags, environment: {}, files: [] }), profiles: [GPU] },
    registry,
    "keep",
  );
}

describe("OrphanKeeper", () => {
  it("finds the jobs of the manager of the settings, or of all that have had a lease", async () => {
    const place = new MemoryPlace();
    const store = new MemoryPayloadStore({ place });
    const live = new Map([
      ["other", [{ name: "other-1-2", children: 1 }]],
      ["another", []],
    ]);
    for (const id of live.keys()) await store.put(leaseKey(id), encodeLease(lease));
    await using keeper = await OrphanKeeper.open(deploymentOf(place, live), silent);
    expect(keeper.places).toEqual(["job-queue=q", "profile=gpu"]);
    const [own = ""] = await keeper.managers(false);
    live.set(own, [
      { name: "b", children: 2 },
      { name: "a", children: 1 },
    ]);
    expect(await keeper.look(own)).toEqual({
      managerId: own,
      lease: undefined,
      jobs: [
        { name: "a", children: 1 },
        { name: "b", children: 2 },
      ],
    });
    expect(await keeper.managers(true)).toEqual(["another", "other"]);
    expect(await keeper.look("other")).toMatchObject({
      lease: { host: "h", alive: false },
      jobs: [{ name: "other-1-2" }],
    });
  });

  it("stops every child, and says what is not over yet", async () => {
    const live = new Map([["m", [{ name: "a", children: 2 }]]]);
    await using keeper = await OrphanKeeper.open(deploymentOf(new MemoryPlace(), live), silent);
    const state = await keeper.look("m");
    expect(await keeper.kill(state)).toEqual({ jobs: ["a"], stopping: [] });
    expect(await keeper.kill(await keeper.look("m"))).toEqual({ jobs: [], stopping: [] });
  });

  it("says so where jobs end with their manager", async () => {
    await using keeper = await OrphanKeeper.open(deploymentOf(new MemoryPlace(), new Map(), false), silent);
    await expect(keeper.look("m")).rejects.toThrow("[config] the jobs of backend batch end with their manager");
  });
});

describe("readLease", () => {
  it.each([
    [{}, 3_000, "held by h, process 7, renewed 3 s ago", true],
    [{}, 70_000, "held last by h, process 7, renewed 70 s ago", false],
    [{ released: true }, 3_000, "left in order by h, process 7, 3 s ago", false],
  ])("tells with %j after %i ms: %s", async (more, ageMs, text, alive) => {
    const store = new MemoryPayloadStore();
    await store.put(leaseKey("m"), encodeLease({ ...lease, ...more }));
    const found = await readLease(store, "m", NOW + ageMs);
    expect(leaseText(found)).toBe(text);
    expect(found?.alive).toBe(alive);
    expect(leaseText(await readLease(store, "absent", NOW))).toBe("no manager has held this id");
  });
});

describe("livingManagers", () => {
  // Whatever its owner's clock says: fast, slow or stopped.
  it.each([NOW, 0, Date.now() + 3_600_000])(
    "takes for alive what is renewed while it looks, with %i as time of renewal",
    async (renewed) => {
      const store = new MemoryPayloadStore();
      const write = (id: string, more: object = {}) =>
        store.put(leaseKey(id), encodeLease({ ...lease, renewed, ...more }));
      const ids = ["absent", "silent", "renewed", "leaving", "left"];
      for (const id of ids.slice(1)) await write(id, { released: id === "left" });
      const said: number[] = [];
      let waitedMs = 0;
      const sleep = async (ms: number) => {
        waitedMs += ms;
        if (waitedMs !== 5_000) return;
        await write("renewed", { renewed: renewed + 5_000 });
        await write("leaving", { released: true });
      };
      const living = await livingManagers(store, ids, { sleep }, (count) => said.push(count));
      expect([...living.keys()]).toEqual(["renewed"]);
      expect(leaseText(living.get("renewed"))).toMatch(/^held by h, process 7, renewed /);
      expect(waitedMs).toBe(LEASE_MS);
      expect(said).toEqual([3]);
    },
  );

  it("need not wait for who has left, or for a process of this host that is gone", async () => {
    const store = new MemoryPayloadStore();
    await store.put(leaseKey("left"), encodeLease({ ...lease, released: true }));
    await store.put(leaseKey("gone"), encodeLease({ ...lease, host: hostname(), pid: 2 ** 30, renewed: Date.now() }));
    const sleep = () => Promise.reject(new Error("waited"));
    expect(await livingManagers(store, ["left", "gone", "absent"], { sleep })).toEqual(new Map());
    expect((await readLease(store, "gone"))?.alive).toBe(false);
  });
});
