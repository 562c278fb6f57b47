import assert from "node:assert/strict";
import { keysOf, rejectsWith, textAt, utf8 } from "./expectations.ts";
import { type CaseMaker, storeCase } from "./payload-store-suite.ts";

/** Conditional puts, races, two clients over one place. */
export const raceCases: CaseMaker = (suite) => {
  const racers = Array.from({ length: suite.racers ?? 20 }, (_, i) => i);
  return [
    storeCase(suite, "puts if absent once, and changes nothing the second time", async (store) => {
      assert.equal((await store.put("k", utf8("first"), { if: "absent" })).stored, true);
      assert.deepEqual(await store.put("k", utf8("second"), { if: "absent" }), { stored: false });
      assert.equal(await textAt(store, "k"), "first");
      await store.delete(["k"]);
      assert.equal((await store.put("k", utf8("third"), { if: "absent" })).stored, true);
    }),
    storeCase(suite, "lets exactly one of many puts-if-absent through, over two clients", async (store, another) => {
      const stores = [store, await another()];
      for (const round of ["a", "b", "c"]) {
        const outcomes = await Promise.all(
          racers.map((i) => (stores[i % 2] ?? store).put(`race/${round}`, utf8(`body ${i}`), { if: "absent" })),
        );
        const winners = racers.filter((i) => outcomes[i]?.stored);
        assert.equal(winners.length, 1, `winners: ${winners}`);
        assert.equal(await textAt(store, `race/${round}`), `body ${winners[0]}`);
      }
    }),
    storeCase(suite, "puts over the version that was named and over no other", async (store) => {
      const first = await store.put("lease", utf8("epoch 1"), { if: "absent" });
      assert.ok(first.stored);
      const second = await store.put("lease", utf8("epoch 2"), { if: { etag: first.etag } });
      assert.ok(second.stored);
      assert.notEqual(first.etag, second.etag);
      assert.deepEqual(await store.put("lease", utf8("late"), { if: { etag: first.etag } }), { stored: false });
      assert.deepEqual(await store.put("lease", utf8("made up"), { if: { etag: "no-such-etag" } }), { stored: false });
      assert.equal(await textAt(store, "lease"), "epoch 2");
      assert.equal((await store.get("lease"))?.etag, second.etag);
    }),
    storeCase(suite, "puts over no version of an object that is absent", async (store) => {
      const put = await store.put("k", utf8("x"));
      await store.delete(["k"]);
      assert.deepEqual(await store.put("k", utf8("y"), { if: { etag: put.stored ? put.etag : "" } }), {
        stored: false,
      });
      assert.deepEqual(await store.put("never", utf8("y"), { if: { etag: "e" } }), { stored: false });
      assert.deepEqual(await keysOf(store, ""), []);
    }),
    storeCase(suite, "lets exactly one of many compare-and-sets through, over two clients", async (store, another) => {
      const stores = [store, await another()];
      let current = await store.put("lease", utf8("epoch 0"), { if: "absent" });
      for (const round of [1, 2, 3, 4, 5]) {
        assert.ok(current.stored);
        const { etag } = current;
        const outcomes = await Promise.all(
          racers.map((i) => (stores[i % 2] ?? store).put("lease", utf8(`epoch ${round} of ${i}`), { if: { etag } })),
        );
        const winners = racers.filter((i) => outcomes[i]?.stored);
        assert.equal(winners.length, 1, `winners of round ${round}: ${winners}`);
        assert.equal(await textAt(store, "lease"), `epoch ${round} of ${winners[0]}`);
        current = outcomes[winners[0] ?? 0] ?? current;
      }
    }),
    storeCase(suite, "loses no increment of many clients that compare and set", async (store, another) => {
      const stores = [store, await another()];
      await store.put("counter", utf8("0"));
      const add = async (through: typeof store): Promise<void> => {
        while (true) {
          const got = await through.get("counter");
          assert.ok(got);
          const next = utf8(`${Number(Buffer.from(got.body).toString()) + 1}`);
          if ((await through.put("counter", next, { if: { etag: got.etag } })).stored) return;
        }
      };
      await Promise.all(racers.map((i) => add(stores[i % 2] ?? store)));
      assert.equal(await textAt(store, "counter"), `${racers.length}`);
    }),
    storeCase(suite, "shows readers whole objects only, while many write", async (store, another) => {
      const reader = await another();
      const size = 300_000;
      await store.put("k", Buffer.alloc(size, 0));
      let writing = true;
      const writes = Promise.all(racers.map((i) => store.put("k", Buffer.alloc(size, i)))).finally(() => {
        writing = false;
      });
      do {
        const got = await reader.get("k");
        assert.equal(got?.body.length, size);
        assert.ok(
          got.body.every((byte) => byte === got.body[0]),
          "two versions in one read",
        );
      } while (writing);
      await writes;
    }),
    storeCase(suite, "is one place for two clients", async (store, another) => {
      const other = await another();
      const put = await store.put("a/k", utf8("x"));
      assert.ok(put.stored);
      assert.equal((await other.get("a/k"))?.etag, put.etag);
      assert.deepEqual(await keysOf(other, "a/"), ["a/k"]);
      assert.equal((await other.put("a/k", utf8("y"), { if: { etag: put.etag } })).stored, true);
      assert.equal(await textAt(store, "a/k"), "y");
      await other.delete(["a/k"]);
      assert.equal(await store.get("a/k"), undefined);
    }),
    storeCase(suite, "goes on for one client after another was disposed of", async (store, another) => {
      const other = await another();
      await other.put("k", utf8("x"));
      await other[Symbol.asyncDispose]();
      await rejectsWith("unavailable", () => other.get("k"));
      assert.equal(await textAt(store, "k"), "x");
    }),
  ];
};
