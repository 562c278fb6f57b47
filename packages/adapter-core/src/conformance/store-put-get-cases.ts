import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { pause, rejectsWith, textAt, utf8, within } from "./expectations.ts";
import { type CaseMaker, storeCase } from "./payload-store-suite.ts";

/** Bodies of every kind, reads, ranges, limits. */
export const putGetCases: CaseMaker = (suite) => {
  const big = suite.bigBytes ?? 12 * 1024 * 1024;
  return [
    storeCase(suite, "gives back the bytes that were put, with the etag of the put", async (store) => {
      const put = await store.put("v1/in/m/job-1", utf8("bundle"));
      assert.equal(put.stored, true);
      const got = await store.get("v1/in/m/job-1");
      assert.equal(Buffer.from(got?.body ?? []).toString(), "bundle");
      assert.equal(got?.etag, put.stored && put.etag);
    }),
    storeCase(suite, "says absent for a key that was never put, also below and above one that was", async (store) => {
      await store.put("a/b", utf8("x"));
      for (const key of ["a", "a/b/c", "a/bb", "b", "v1/in/m/j"]) assert.equal(await store.get(key), undefined, key);
    }),
    storeCase(suite, "holds an empty object", async (store) => {
      await store.put("empty", new Uint8Array());
      assert.equal((await store.get("empty"))?.body.length, 0);
      await store.put("no-pieces", []);
      assert.equal((await store.get("no-pieces"))?.body.length, 0);
      assert.equal((await store.get("empty", { range: { start: 0, end: 10 } }))?.body.length, 0);
    }),
    storeCase(suite, "lets the last put win", async (store) => {
      const first = await store.put("k", utf8("one, and longer"));
      const second = await store.put("k", utf8("two"));
      assert.equal(await textAt(store, "k"), "two");
      assert.ok(first.stored && second.stored && first.etag !== second.etag, "another version has another etag");
    }),
    storeCase(suite, "keeps its own copy of what was put and gives copies away", async (store) => {
      const mine = utf8("abc");
      await store.put("k", mine);
      mine.fill(0x7a);
      (await store.get("k"))?.body.fill(0x79);
      assert.equal(await textAt(store, "k"), "abc");
    }),
    storeCase(suite, "joins pieces, thousands of them and empty ones too", async (store) => {
      const pieces = Array.from({ length: 3000 }, (_, i) => utf8(i % 7 === 0 ? "" : `${i},`));
      await store.put("pieces", pieces);
      assert.equal(await textAt(store, "pieces"), Buffer.concat(pieces).toString());
    }),
    storeCase(suite, "stores a stream, with its digest and without", async (store) => {
      const sha256 = createHash("sha256").update("streamed bytes").digest("hex");
      await store.put("with", { size: 14, stream: parts("streamed", " ", "bytes"), sha256 });
      await store.put("without", { size: 14, stream: parts("streamed", "", " bytes") });
      assert.equal(await textAt(store, "with"), "streamed bytes");
      assert.equal(await textAt(store, "without"), "streamed bytes");
    }),
    storeCase(suite, "refuses a stream with another digest or size, and keeps what was there", async (store) => {
      await store.put("k", utf8("before"));
      const bad = [
        { size: 5, stream: parts("after"), sha256: createHash("sha256").update("other").digest("hex") },
        { size: 6, stream: parts("after") },
        { size: 4, stream: parts("after") },
        { size: 0, stream: parts("after") },
      ];
      for (const body of bad) await rejectsWith("corrupt", () => store.put("k", body));
      assert.equal(await textAt(store, "k"), "before");
      for (const body of [{ size: 2, stream: parts("x") }]) await rejectsWith("corrupt", () => store.put("new", body));
      assert.equal(await store.get("new"), undefined);
    }),
    storeCase(suite, "passes the error of a failing stream on and stores nothing", async (store) => {
      const failure = new Error("the source broke");
      const stream = (async function* () {
        yield utf8("half");
        await pause(0);
        throw failure;
      })();
      await assert.rejects(
        () => store.put("k", { size: 8, stream }),
        (error) => error === failure || (error instanceof Error && error.cause === failure),
      );
      assert.equal(await store.get("k"), undefined);
    }),
    storeCase(suite, "holds a big object, from pieces and from a stream", async (store) => {
      const bytes = Buffer.alloc(big);
      for (let i = 0; i < big; i += 4093) bytes[i] = i % 251;
      const half = big >> 1;
      await store.put("pieces", [bytes.subarray(0, half), bytes.subarray(half)]);
      const sha256 = createHash("sha256").update(bytes).digest("hex");
      const stream = (async function* () {
        for (let at = 0; at < big; at += 1 << 18) yield bytes.subarray(at, at + (1 << 18));
      })();
      await within(60_000, "a big stream", store.put("stream", { size: big, stream, sha256 }));
      for (const key of ["pieces", "stream"]) {
        const got = await store.get(key);
        assert.ok(got && Buffer.compare(got.body, bytes) === 0, `${key} came back otherwise`);
        const tail = await store.get(key, { range: { start: big - 3, end: big + 9 } });
        assert.deepEqual([...(tail?.body ?? [])], [...bytes.subarray(big - 3)]);
      }
    }),
    storeCase(suite, "reads ranges, cut at the end of the object", async (store) => {
      const put = await store.put("k", utf8("0123456789"));
      const ranges: [number, number, string][] = [
        [0, 10, "0123456789"],
        [0, 1, "0"],
        [3, 7, "3456"],
        [9, 10, "9"],
        [5, 100, "56789"],
        [10, 12, ""],
        [50, 60, ""],
        [4, 4, ""],
      ];
      for (const [start, end, expected] of ranges) {
        const got = await store.get("k", { range: { start, end } });
        assert.equal(Buffer.from(got?.body ?? []).toString(), expected, `${start}..${end}`);
        assert.equal(got?.etag, put.stored && put.etag);
      }
      assert.equal(await store.get("none", { range: { start: 0, end: 1 } }), undefined);
    }),
    storeCase(suite, "reads maxBytes and not one more", async (store) => {
      await store.put("k", utf8("0123456789"));
      assert.equal((await store.get("k", { maxBytes: 10 }))?.body.length, 10);
      await rejectsWith("too-large", () => store.get("k", { maxBytes: 9 }));
      assert.equal((await store.get("k", { maxBytes: 3, range: { start: 2, end: 5 } }))?.body.length, 3);
      await rejectsWith("too-large", () => store.get("k", { maxBytes: 2, range: { start: 2, end: 5 } }));
      assert.equal((await store.get("k", { maxBytes: 1, range: { start: 9, end: 50 } }))?.body.length, 1);
    }),
  ];
};

async function* parts(...texts: readonly string[]): AsyncGenerator<Uint8Array> {
  for (const text of texts) {
    await pause(0);
    yield utf8(text);
  }
}
