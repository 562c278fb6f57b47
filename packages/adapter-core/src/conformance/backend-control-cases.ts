import assert from "node:assert/strict";
import { type BackendCaseMaker, backendCase } from "./backend-suite.ts";
import { pause, rejectsAs, rejectsWith, within } from "./expectations.ts";

const reason = new Error("the caller gave up");

/** Submitting twice, changes, cancel in each state, revoke, list, limits, aborts, disposal. */
export const controlCases: BackendCaseMaker = (suite) => {
  const { echo, sleep } = suite.workload;
  return [
    backendCase(suite, "starts one job however often its name is submitted", async (bench) => {
      const job = await bench.prepare([[echo("once")]]);
      await Promise.all([bench.backend.submit(job), bench.backend.submit(job), bench.backend.submit(job)]);
      await bench.over(job.name);
      await bench.backend.submit(job);
      await pause(100);
      assert.equal((await bench.results(job)).size, 1);
      assert.deepEqual(
        (await bench.frames(job)).map((frame) => frame.attempt),
        [1],
      );
    }),
    backendCase(suite, "reports each change once, forward only, and the final one last", async (bench) => {
      const job = await bench.start([[sleep(100), echo("x")]]);
      await bench.over(job.name);
      const states = bench.polled.map((change) => change.state);
      assert.ok(["succeeded", "running,succeeded"].includes(states.join()), states.join());
      assert.ok(bench.polled.every((change) => change.attempt >= 1 && change.child === 0));
      assert.deepEqual(await bench.poll(job.name), []);
      assert.deepEqual(await bench.poll(), []);
    }),
    backendCase(suite, "reports a job that it does not know as lost, beside one that it knows", async (bench) => {
      const job = await bench.start([[echo("x")]]);
      const lost = await bench.until("an unknown job to be lost", async () => {
        const changes = await bench.poll("job-that-never-was", job.name);
        return changes.find((change) => change.job === "job-that-never-was");
      });
      assert.ok(lost.state === "failed" && lost.failure.kind === "lost", JSON.stringify(lost));
      assert.equal((await bench.over(job.name)).state, "succeeded");
    }),
    backendCase(suite, "lists live jobs, and those that are over no longer", async (bench) => {
      const job = await bench.start([[sleep(60_000)]]);
      const find = async () => (await bench.backend.list()).find((live) => live.name === job.name);
      assert.deepEqual(await bench.until("the job in the list", find), { name: job.name, children: 1 });
      await bench.backend.cancel([{ job: job.name, child: 0 }], "enough");
      await bench.over(job.name);
      await bench.until("its absence", async () => ((await find()) === undefined ? true : undefined));
    }),
    backendCase(suite, "cancels a job that was only just submitted", async (bench) => {
      const job = await bench.start([[sleep(60_000)]]);
      await bench.backend.cancel([{ job: job.name, child: 0 }], "changed my mind");
      const over = await bench.over(job.name);
      assert.ok(over.state === "failed" && over.failure.kind === "cancelled", JSON.stringify(over));
    }),
    backendCase(suite, "cancels a running job, keeps the results it gave, and leaves others alone", async (bench) => {
      const other = await bench.start([[sleep(700), echo("unharmed")]]);
      const job = await bench.start([[echo("done"), sleep(60_000)]]);
      await bench.running({ job: job.name, child: 0 }, 1);
      await bench.until("a result", async () => ((await bench.results(job)).size > 0 ? true : undefined));
      await bench.backend.cancel([{ job: job.name, child: 0 }], "enough");
      const over = await bench.over(job.name);
      assert.ok(over.state === "failed" && over.failure.kind === "cancelled", JSON.stringify(over));
      await bench.finished((await bench.results(job)).get(0), "ok", "done");
      assert.equal((await bench.over(other.name)).state, "succeeded");
      await bench.finished((await bench.results(other)).get(1), "ok", "unharmed");
    }),
    backendCase(suite, "cancels one child and lets its siblings finish", async (bench) => {
      if (bench.backend.traits.maxChildren < 2) return;
      const job = await bench.start([[sleep(60_000)], [sleep(300), echo("sibling")]]);
      await bench.backend.cancel([{ job: job.name, child: 0 }], "enough");
      assert.equal((await bench.over(job.name, 0)).state, "failed");
      assert.equal((await bench.over(job.name, 1)).state, "succeeded");
    }),
    backendCase(suite, "does not mind a cancel of what is over, cancelled or unknown", async (bench) => {
      const job = await bench.start([[echo("x")]]);
      assert.equal((await bench.over(job.name)).state, "succeeded");
      const refs = [
        { job: job.name, child: 0 },
        { job: job.name, child: 99 },
        { job: "job-that-never-was", child: 0 },
      ];
      await bench.backend.cancel(refs, "late");
      await bench.backend.cancel([], "nothing");
      await pause(100);
      assert.deepEqual(await bench.poll(job.name), [], "its end stands");
      const slow = await bench.start([[sleep(60_000)]]);
      const ref = [{ job: slow.name, child: 0 }];
      await Promise.all([bench.backend.cancel(ref, "once"), bench.backend.cancel(ref, "twice")]);
      assert.equal((await bench.over(slow.name)).state, "failed");
    }),
    backendCase(suite, "revokes running and waiting tasks, and runs the others", async (bench) => {
      if (!bench.backend.traits.revokes) return;
      assert.ok(bench.backend.revoke, "revokes without a method to do so");
      const job = await bench.start([[echo("a"), sleep(60_000), echo("b"), echo("unwanted"), echo("c")]]);
      const ref = { job: job.name, child: 0 };
      await bench.running(ref, 1);
      await bench.backend.revoke(ref, [3]);
      await bench.backend.revoke(ref, [1, 99]);
      assert.equal((await bench.over(job.name)).state, "succeeded");
      const results = await bench.results(job);
      for (const [index, text] of [
        [0, "a"],
        [2, "b"],
        [4, "c"],
      ] as const)
        await bench.finished(results.get(index), "ok", text);
      for (const index of [1, 3]) {
        const died = results.get(index);
        assert.ok(died?.status === "died" && died.cause.kind === "revoked", JSON.stringify(died));
      }
      await bench.backend.revoke(ref, [0]);
      await bench.backend.revoke({ job: "job-that-never-was", child: 0 }, [0]);
    }),
    backendCase(suite, "refuses more children and larger inline bundles than its traits say", async (bench) => {
      const { maxChildren, inlineBytes } = bench.backend.traits;
      const job = await bench.prepare([[echo("x")]]);
      const count = maxChildren + 1;
      const wide = { ...job, children: count, tasksPerChild: Array.from({ length: count }, () => 1) };
      await assert.rejects(() => bench.backend.submit(wide), /^AdapterError: \[(?:rejected|too-large)\]/);
      const bundle = new Uint8Array(inlineBytes + 1);
      const fat = { ...job, payload: { kind: "inline", bundle, store: bench.store.locator } as const };
      await assert.rejects(() => bench.backend.submit(fat), /^AdapterError: \[(?:rejected|too-large)\]/);
      assert.deepEqual(await bench.backend.list(), []);
    }),
    backendCase(suite, "rejects every call with the signal's reason when it was aborted before", async (bench) => {
      const signal = AbortSignal.abort(reason);
      const job = await bench.prepare([[echo("x")]]);
      await rejectsAs(reason, () => bench.backend.submit(job, { signal }));
      await rejectsAs(reason, () => bench.backend.changes([job.name], { signal }));
      await rejectsAs(reason, () => bench.backend.cancel([{ job: job.name, child: 0 }], "x", { signal }));
      await rejectsAs(reason, () => bench.backend.list({ signal }));
      const revoke = bench.backend.revoke?.bind(bench.backend);
      if (revoke) await rejectsAs(reason, () => revoke({ job: job.name, child: 0 }, [0], { signal }));
      assert.deepEqual(await bench.backend.list(), []);
      assert.deepEqual(await bench.frames(job), []);
    }),
    backendCase(suite, "leaves a whole job or none when submit is aborted during it", async (bench) => {
      const stop = new AbortController();
      const job = await bench.prepare([[echo("x")]]);
      const submitted = Promise.allSettled([bench.backend.submit(job, { signal: stop.signal })]);
      stop.abort(reason);
      const [outcome] = await within(bench.patienceMs, "submit", submitted);
      if (outcome.status === "rejected") assert.equal(outcome.reason, reason);
      await bench.backend.submit(job);
      assert.equal((await bench.over(job.name)).state, "succeeded");
      assert.equal((await bench.results(job)).size, 1);
    }),
    backendCase(
      suite,
      "is disposed of twice and while jobs run, and leaves nothing of its own alive",
      async (bench) => {
        const jobs = await Promise.all([bench.start([[sleep(60_000)]]), bench.start([[echo("x"), sleep(60_000)]])]);
        await bench.running({ job: jobs[0]?.name ?? "", child: 0 }, 0);
        const dispose = () => within(bench.patienceMs, "disposal", bench.backend[Symbol.asyncDispose]());
        await Promise.all([dispose(), dispose()]);
        await dispose();
        await rejectsWith("unavailable", async () => bench.backend.submit(await bench.prepare([[echo("late")]])));
        if (suite.stillAlive) {
          const { stillAlive } = suite;
          await bench.until("an end of all it started", async () => ((await stillAlive()) === 0 ? true : undefined));
        }
      },
    ),
  ];
};
