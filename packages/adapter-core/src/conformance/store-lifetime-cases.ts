import assert from "node:assert/strict";
import type { PayloadStore } from "../contracts/payload-store.ts";
import { keysOf, listed, pause, rejectsAs, rejectsWith, textAt, utf8, within } from "./expectations.ts";
import { type CaseMaker, storeCase } from "./payload-store-suite.ts";

const reason = new Error("the caller gave up");

const calls: readonly (readonly [string, (store: PayloadStore, signal?: AbortSignal) => Promise<unknown>])[] = [
  ["put", (store, signal) => store.put("k", utf8("after"), { signal })],
  ["put if absent", (store, signal) => store.put("new", utf8("after"), { signal, if: "absent" })],
  ["put over an etag", (store, signal) => store.put("k", utf8("after"), { signal, if: { etag: "e" } })],
  ["get", (store, signal) => store.get("k", { signal })],
  ["get of an absent key", (store, signal) => store.get("none", { signal })],
  ["list", (store, signal) => listed(store, "", signal)],
  ["delete", (store, signal) => store.delete(["k"], { signal })],
];

/** Aborts before and during a call, disposal, and calls after it. */
export const lifetimeCases: CaseMaker = (suite) => [
  ...calls.map(([name, call]) =>
    storeCase(suite, `rejects ${name} with the signal's reason when it was aborted before`, async (store) => {
      await store.put("k", utf8("before"));
      await rejectsAs(reason, () => call(store, AbortSignal.abort(reason)));
      assert.equal(await textAt(store, "k"), "before");
      assert.deepEqual(await keysOf(store, ""), ["k"]);
    }),
  ),
  ...calls.map(([name, call]) =>
    storeCase(suite, `settles ${name} when aborted during it, and leaves the whole object or none`, async (store) => {
      await store.put("k", utf8("before"));
      for (const turns of [0, 1, 2, 4]) {
        const stop = new AbortController();
        const running = call(store, stop.signal);
        const settled = Promise.allSettled([running]);
        for (let turn = 0; turn < turns; turn += 1) await new Promise((resolve) => setImmediate(resolve));
        stop.abort(reason);
        const [outcome] = await within(10_000, name, settled);
        if (outcome.status === "rejected") assert.equal(outcome.reason, reason);
        assert.match((await textAt(store, "k")) ?? "before", /^(?:before|after)$/);
        assert.match((await textAt(store, "new")) ?? "after", /^after$/);
        await store.delete(["new"]);
        await store.put("k", utf8("before"));
      }
    }),
  ),
  storeCase(suite, "gives up a stream that waits when aborted, and stores nothing of it", async (store) => {
    for (const condition of [undefined, "absent"] as const) {
      const stop = new AbortController();
      const stream = (async function* () {
        yield utf8("half");
        await new Promise(() => undefined);
      })();
      const running = store.put(
        "k",
        { size: 8, stream },
        { signal: stop.signal, ...(condition ? { if: condition } : {}) },
      );
      setTimeout(() => stop.abort(reason), 20);
      await rejectsAs(reason, () => within(10_000, "put", running));
      assert.equal(await store.get("k"), undefined);
    }
    assert.deepEqual(await keysOf(store, ""), []);
  }),
  storeCase(suite, "is disposed of twice, and at once by two", async (store, another) => {
    await store[Symbol.asyncDispose]();
    await store[Symbol.asyncDispose]();
    const other = await another();
    await Promise.all([other[Symbol.asyncDispose](), other[Symbol.asyncDispose]()]);
  }),
  ...calls.map(([name, call]) =>
    storeCase(suite, `refuses ${name} after disposal`, async (store, another) => {
      const other = await another();
      await other[Symbol.asyncDispose]();
      await rejectsWith("unavailable", () => call(other));
      assert.deepEqual(await keysOf(store, ""), []);
    }),
  ),
  storeCase(suite, "waits with its disposal for calls under way", async (store, another) => {
    const other = await another();
    const settled: string[] = [];
    const stream = (async function* () {
      yield utf8("one ");
      await pause(60);
      yield utf8("two");
    })();
    const put = other.put("slow", { size: 7, stream }).then(() => settled.push("put"));
    await pause(5);
    const closed = other[Symbol.asyncDispose]().then(() => settled.push("closed"));
    await within(10_000, "disposal", Promise.all([put, closed]));
    assert.deepEqual(settled, ["put", "closed"]);
    assert.equal(await textAt(store, "slow"), "one two");
  }),
  storeCase(suite, "names a kind of locator, with nothing but text in it", async (store) => {
    assert.match(store.locator.kind, /^[a-z][a-z0-9-]*$/);
    for (const [name, value] of Object.entries(store.locator)) assert.equal(typeof value, "string", name);
    assert.equal(typeof store.traits.compress, "boolean");
    assert.ok(store.traits.flushMs >= 0);
  }),
];
