import assert from "node:assert/strict";
import type { BackendBench } from "./backend-bench.ts";
import { type BackendCaseMaker, backendCase } from "./backend-suite.ts";

/** Jobs that run: results, states, hints, children, inline bundles, tasks that end badly. */
export const runCases: BackendCaseMaker = (suite) => {
  const { echo, sleep, raise, exit } = suite.workload;
  return [
    backendCase(suite, "runs a task and puts its signed result under the job's prefix", async (bench) => {
      const job = await bench.start([[echo("hello there")]]);
      assert.equal((await bench.over(job.name)).state, "succeeded");
      await bench.finished((await bench.results(job)).get(0), "ok", "hello there");
      const frames = await bench.frames(job);
      assert.ok(frames.every((frame) => frame.attempt >= 1 && frame.runner !== ""));
    }),
    backendCase(suite, "gives every task of a pack one result, whatever its neighbours do", async (bench) => {
      const calls = Array.from({ length: 20 }, (_, i) => (i % 5 === 3 ? raise(`wrong ${i}`) : echo(`right ${i}`)));
      const job = await bench.start([calls]);
      assert.equal((await bench.over(job.name)).state, "succeeded");
      const results = await bench.results(job);
      assert.equal(results.size, 20);
      for (let i = 0; i < 20; i += 1) {
        if (i % 5 === 3) await bench.finished(results.get(i), "error", `wrong ${i}`);
        else await bench.finished(results.get(i), "ok", `right ${i}`);
      }
      const frames = await bench.frames(job);
      assert.deepEqual(
        frames.map((frame) => frame.last),
        frames.map((frame) => frame.n === frames.length - 1),
        "the last frame, and it alone, says so",
      );
    }),
    backendCase(suite, "gives results while the pack still runs", async (bench) => {
      const job = await bench.start([[echo("early"), sleep(60_000)]]);
      const results = await bench.until("the first result", async () => {
        const found = await bench.results(job);
        return found.size > 0 ? found : undefined;
      });
      await bench.finished(results.get(0), "ok", "early");
      assert.deepEqual(await livesOf(bench, job.name), 1);
    }),
    backendCase(suite, "runs section i in child i", async (bench) => {
      const count = Math.min(3, bench.backend.traits.maxChildren);
      const job = await bench.start(Array.from({ length: count }, (_, child) => [echo(`child ${child}`)]));
      for (let child = 0; child < count; child += 1) {
        assert.equal((await bench.over(job.name, child)).state, "succeeded");
        await bench.finished((await bench.results(job, child)).get(0), "ok", `child ${child}`);
      }
    }),
    backendCase(suite, "runs several jobs at once", async (bench) => {
      const jobs = await Promise.all([0, 1, 2].map((i) => bench.start([[sleep(50), echo(`job ${i}`)]])));
      for (const [i, job] of jobs.entries()) {
        assert.equal((await bench.over(job.name)).state, "succeeded");
        await bench.finished((await bench.results(job)).get(1), "ok", `job ${i}`);
      }
    }),
    backendCase(suite, "runs a job in a fresh process after others", async (bench) => {
      await bench.over((await bench.start([[echo("one")]])).name);
      const job = await bench.start([[echo("two")]], { fresh: true });
      assert.equal((await bench.over(job.name)).state, "succeeded");
      await bench.finished((await bench.results(job)).get(0), "ok", "two");
    }),
    backendCase(suite, "runs an inline bundle, where it takes any", async (bench) => {
      if (bench.backend.traits.inlineBytes === 0) {
        const job = await bench.prepare([[echo("x")]], { inline: true });
        await assert.rejects(() => bench.backend.submit(job), /^AdapterError: \[(?:too-large|rejected)\]/);
        return;
      }
      const job = await bench.start([[echo("no store trip")]], { inline: true });
      assert.equal((await bench.over(job.name)).state, "succeeded");
      await bench.finished((await bench.results(job)).get(0), "ok", "no store trip");
    }),
    backendCase(suite, "names a task that ended its process, and runs the others", async (bench) => {
      const job = await bench.start([[echo("before"), exit(3), echo("after")]]);
      assert.equal((await bench.over(job.name)).state, "succeeded");
      const results = await bench.results(job);
      await bench.finished(results.get(0), "ok", "before");
      await bench.finished(results.get(2), "ok", "after");
      const died = results.get(1);
      assert.ok(died?.status === "died", JSON.stringify(died));
      assert.deepEqual([died.cause.kind, died.cause.exitCode], ["exit", 3]);
    }),
    backendCase(suite, "ends a task at its limit, and runs the others", async (bench) => {
      const job = await bench.start([[echo("before"), sleep(60_000), echo("after")]], { taskLimitMs: 400 });
      assert.equal((await bench.over(job.name)).state, "succeeded");
      const results = await bench.results(job);
      const died = results.get(1);
      assert.ok(died?.status === "died" && died.cause.kind === "timeout", JSON.stringify(died));
      await bench.finished(results.get(2), "ok", "after");
    }),
    backendCase(suite, "fails a child whose bundle is missing, and runs nothing", async (bench) => {
      const job = await bench.start([[echo("x")]], { bundle: () => undefined });
      assert.equal((await bench.over(job.name)).state, "failed");
      assert.deepEqual(await bench.frames(job), []);
    }),
    backendCase(
      suite,
      "fails a child whose bundle was changed or signed with another key, and runs nothing",
      async (bench) => {
        const flip = (at: number) => (bytes: Buffer) => {
          bytes[bytes.length - at] = (bytes[bytes.length - at] ?? 0) ^ 1;
          return bytes;
        };
        const cut = (bytes: Buffer) => bytes.subarray(0, bytes.length - 1);
        for (const choices of [
          { bundle: flip(1) },
          { bundle: flip(60) },
          { bundle: cut },
          { secret: "0".repeat(64) },
        ]) {
          const job = await bench.start([[echo("x")]], choices);
          assert.equal((await bench.over(job.name)).state, "failed");
          assert.deepEqual(await bench.frames(job), []);
        }
        const job = await bench.start([[echo("still fine")]]);
        assert.equal((await bench.over(job.name)).state, "succeeded");
      },
    ),
    backendCase(
      suite,
      "hints at every frame after it was stored, and at a child's frames before its end",
      async (bench) => {
        if (!bench.backend.traits.pushes) return;
        const stored: Promise<unknown>[] = [];
        bench.backend.watch((hint) => {
          bench.hints.push(hint);
          if (hint.type === "frame") stored.push(bench.store.get(hint.key).then((found) => assert.ok(found, hint.key)));
        });
        const job = await bench.start([[echo("a"), sleep(120), echo("b"), sleep(120), echo("c")]]);
        await bench.over(job.name);
        const end = bench.hints.findIndex(
          (h) => h.type === "changed" && h.changes.some((c) => c.job === job.name && c.state === "succeeded"),
        );
        assert.ok(end >= 0, "its end was hinted at");
        const hinted = bench.hints
          .slice(0, end)
          .flatMap((h) => (h.type === "frame" && h.job === job.name ? [h.key] : []));
        assert.deepEqual(
          [...new Set(hinted)].toSorted(),
          (await bench.frames(job)).map((frame) => frame.key),
        );
        await Promise.all(stored);
      },
    ),
  ];
};

async function livesOf(bench: BackendBench, name: string): Promise<number> {
  return (await bench.backend.list()).filter((job) => job.name === name).length;
}
