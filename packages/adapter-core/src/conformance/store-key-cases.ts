import assert from "node:assert/strict";
import type { PayloadStore } from "../contracts/payload-store.ts";
import { keysOf, listed, rejectsWith, textAt, utf8 } from "./expectations.ts";
import { type CaseMaker, type ConformanceCase, type PayloadStoreSuite, storeCase } from "./payload-store-suite.ts";

const HOSTILE = [
  "",
  "/",
  "/etc/passwd",
  "..",
  ".",
  "../x",
  "a/../b",
  "a/./b",
  "a//b",
  "a/",
  "/a",
  "a/..",
  "a b",
  "a\\b",
  "a\0b",
  "a\nb",
  "a%2fb",
  "a~",
  "ä",
  "\u{1f600}",
  "a:b",
  "a*",
  "C:x",
  "x".repeat(513),
];

/** Keys: hostile ones, long ones, order and prefixes of lists, deletion. */
export const keyCases: CaseMaker = (suite) => [
  ...HOSTILE.map((key) => hostileCase(suite, key)),
  storeCase(suite, "takes every character of the alphabet, dots too, and 512 of them", async (store) => {
    const long = `${"x".repeat(100)}/`.repeat(5);
    const keys = ["AZaz09._-", "...", "..a/.b", "-", "_", `${long}${"y".repeat(512 - long.length)}`];
    for (const key of keys) {
      await store.put(key, utf8(key));
      assert.equal(await textAt(store, key), key);
    }
    assert.deepEqual(await keysOf(store, ""), keys.toSorted());
  }),
  storeCase(suite, "lists nothing in an empty place and below a prefix that nothing has", async (store) => {
    assert.deepEqual(await keysOf(store, ""), []);
    assert.deepEqual(await keysOf(store, "v1/out/m/"), []);
    await store.put("v1/in/x", utf8("x"));
    assert.deepEqual(await keysOf(store, "v1/out/"), []);
    assert.deepEqual(await keysOf(store, "v1/in/x/"), []);
  }),
  storeCase(suite, "lists in the order of the keys' bytes, folders among the rest", async (store) => {
    const keys = ["a-b", "a.b", "a/b", "a/c/d", "a0", "ab/c", "b", "B/x", "a/b-c", "a/b.c", "Z", "_", "10", "9"];
    for (const key of keys.toReversed()) await store.put(key, utf8("x"));
    const sorted = keys.toSorted((left, right) => Buffer.compare(Buffer.from(left), Buffer.from(right)));
    assert.deepEqual(await keysOf(store, ""), sorted);
    for (const prefix of ["a", "a/", "a/b", "ab", "a.", "B", "a/c/", "nothing"]) {
      assert.deepEqual(
        await keysOf(store, prefix),
        sorted.filter((key) => key.startsWith(prefix)),
        `prefix ${prefix}`,
      );
    }
  }),
  storeCase(suite, "tells the frames of one job from those of another whose name goes on", async (store) => {
    for (const key of [
      "v1/out/m/job-1.0.1.0",
      "v1/out/m/job-1.10.1.0",
      "v1/out/m/job-10.0.1.0",
      "v1/out/mm/job-1.0.1.0",
    ]) {
      await store.put(key, utf8("x"));
    }
    assert.deepEqual(await keysOf(store, "v1/out/m/job-1."), ["v1/out/m/job-1.0.1.0", "v1/out/m/job-1.10.1.0"]);
  }),
  storeCase(suite, "lists sizes and times", async (store) => {
    await store.put("k", utf8("12345"));
    const before = await listed(store, "k");
    assert.equal(before.length, 1);
    assert.equal(before[0]?.size, 5);
    assert.ok((before[0]?.modifiedMs ?? 0) > 1e12, "milliseconds since the epoch");
    await store.put("k", utf8("1234567"));
    assert.equal((await listed(store, "k"))[0]?.size, 7);
  }),
  storeCase(suite, "lists more objects than a page holds", async (store) => {
    const keys = Array.from({ length: 1203 }, (_, i) => `many/${String(i).padStart(5, "0")}`);
    for (let at = 0; at < keys.length; at += 50) {
      await Promise.all(keys.slice(at, at + 50).map((key) => store.put(key, utf8(key))));
    }
    assert.deepEqual(await keysOf(store, "many/"), keys);
    await store.delete(keys);
    assert.deepEqual(await keysOf(store, ""), []);
  }),
  storeCase(suite, "can be left in the middle of a list", async (store) => {
    for (const key of ["a", "b", "c"]) await store.put(key, utf8(key));
    for await (const object of store.list("")) {
      assert.equal(object.key, "a");
      break;
    }
    await store.delete(["a"]);
  }),
  storeCase(suite, "refuses hostile prefixes, and finds nothing by them", async (store) => {
    await store.put("a/b", utf8("x"));
    for (const prefix of ["/", "../", "a/../", "a//", "a b", "/a", "a/./"]) {
      await rejectsWith("rejected", () => listed(store, prefix));
    }
  }),
  storeCase(suite, "deletes what is there, and does not mind what is not", async (store) => {
    for (const key of ["a/1", "a/2", "a/3"]) await store.put(key, utf8(key));
    await store.delete(["a/1", "a/none", "none/x", "a", "a/1/x", "a/2"]);
    assert.deepEqual(await keysOf(store, ""), ["a/3"]);
    await store.delete([]);
    await store.delete(["a/1"]);
  }),
  storeCase(suite, "deletes nothing when one of the keys is hostile", async (store) => {
    await store.put("a", utf8("x"));
    await rejectsWith("rejected", () => store.delete(["a", "../a"]));
    assert.equal(await textAt(store, "a"), "x");
  }),
];

function hostileCase(suite: PayloadStoreSuite, key: string): ConformanceCase {
  const shown = key.length > 40 ? `${key.length} characters` : JSON.stringify(key);
  return storeCase(suite, `refuses the key ${shown}, before it reads the body`, async (store: PayloadStore) => {
    let read = false;
    const stream = (async function* () {
      read = true;
      yield utf8("x");
    })();
    await rejectsWith("rejected", () => store.put(key, utf8("x")));
    await rejectsWith("rejected", () => store.put(key, utf8("x"), { if: "absent" }));
    await rejectsWith("rejected", () => store.put(key, { size: 1, stream }));
    await rejectsWith("rejected", () => store.get(key));
    await rejectsWith("rejected", () => store.delete([key]));
    assert.equal(read, false);
    assert.deepEqual(await keysOf(store, ""), []);
  });
}
