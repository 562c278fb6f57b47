import assert from "node:assert/strict";
import type { FoundJob, JobSpec } from "../contracts/backend.ts";
import { BackendBench } from "./backend-bench.ts";
import { type BackendCaseMaker, type BackendPlace, type BackendSuite, backendCase } from "./backend-suite.ts";
import type { ConformanceCase } from "./payload-store-suite.ts";

/** What a case gets: the process that submitted, and the one that comes after it. */
interface Generations {
  readonly first: BackendBench;
  /** Ends the first process and opens the second. */
  next(): Promise<BackendBench>;
}

/** Jobs that outlive the backend that submitted them: found, understood, followed and stopped by the next one. Only where `traits.outlives`. */
export const adoptCases: BackendCaseMaker = (suite) => {
  const { echo, sleep } = suite.workload;
  return [
    outlivingCase(
      suite,
      "takes over a job that runs, with all that is needed to go on with it",
      async (generations) => {
        const job = await generations.first.start([[sleep(1_500), echo("late")]]);
        const bench = await generations.next();
        const found = await adopted(bench, job);
        assert.equal(found.live, true);
        assert.equal(found.secret, job.secret);
        assert.equal(found.profile, job.profile);
        assert.equal(found.runner, job.runner);
        assert.equal(found.children, 1);
        assert.ok(found.payload.kind === "bundle" && job.payload.kind === "bundle");
        assert.equal(found.payload.key, job.payload.key);
        assert.equal((await bench.over(job.name)).state, "succeeded");
        await bench.finished((await bench.results(job)).get(1), "ok", "late");
      },
    ),
    outlivingCase(suite, "gives an inline bundle back as it was", async (generations) => {
      if (generations.first.backend.traits.inlineBytes === 0) return;
      const job = await generations.first.prepare([[sleep(1_000)]], { inline: true });
      if (job.payload.kind !== "inline" || job.payload.bundle.length > generations.first.backend.traits.inlineBytes)
        return;
      await generations.first.backend.submit(job);
      const { payload } = await adopted(await generations.next(), job);
      assert.ok(payload.kind === "inline");
      assert.deepEqual(Buffer.from(payload.bundle), Buffer.from(job.payload.bundle));
    }),
    outlivingCase(suite, "reports the end of a job that ended before it was taken over", async (generations) => {
      const { first } = generations;
      const job = await first.start([[echo("done")]]);
      assert.equal((await first.over(job.name)).state, "succeeded");
      const bench = await generations.next();
      const found = await adopted(bench, job);
      assert.equal(found.live, false);
      assert.equal((await bench.over(job.name)).state, "succeeded");
      assert.deepEqual(await bench.poll(job.name), [], "its end is reported once");
    }),
    outlivingCase(suite, "stops what it took over, and leaves out what nobody knows", async (generations) => {
      const job = await generations.first.start([[sleep(60_000)]]);
      const bench = await generations.next();
      await adopted(bench, job);
      const none = await bench.backend.adopt?.(["conformance-that-never-was"]);
      assert.deepEqual(none, []);
      assert.deepEqual(await bench.backend.adopt?.([]), []);
      await bench.backend.cancel([{ job: job.name, child: 0 }], "not wanted any more");
      const over = await bench.over(job.name);
      assert.ok(over.state === "failed" && over.failure.kind === "cancelled", JSON.stringify(over));
    }),
    outlivingCase(suite, "takes over a job of several children, some of which are over", async (generations) => {
      const { first } = generations;
      if (first.backend.traits.maxChildren < 2) return;
      const job = await first.start([[echo("done")], [sleep(1_500), echo("late")]]);
      await first.over(job.name, 0);
      const bench = await generations.next();
      assert.equal((await adopted(bench, job)).children, 2);
      assert.equal((await bench.over(job.name, 0)).state, "succeeded");
      assert.equal((await bench.over(job.name, 1)).state, "succeeded");
      await bench.finished((await bench.results(job, 1)).get(1), "ok", "late");
    }),
    outlivingCase(suite, "does not start a job again that another process submitted", async (generations) => {
      const job = await generations.first.start([[sleep(500), echo("once")]]);
      const bench = await generations.next();
      await adopted(bench, job);
      await bench.backend.submit(job);
      await bench.over(job.name);
      assert.equal((await bench.results(job)).size, 2);
    }),
  ];
};

/** Asks until the job shows, as young ones may not at once. */
async function adopted(bench: BackendBench, job: JobSpec): Promise<FoundJob> {
  return await bench.until(`${job.name} to be found`, async () => {
    const found = await bench.backend.adopt?.([job.name]);
    assert.ok(found, "outlives without a method to adopt");
    return found.find(({ name }) => name === job.name);
  });
}

function outlivingCase(
  suite: BackendSuite,
  name: string,
  check: (generations: Generations) => Promise<void>,
): ConformanceCase {
  let place: BackendPlace | undefined;
  const openPlace = async (): Promise<BackendPlace> => {
    place = await suite.openPlace();
    return place;
  };
  return backendCase({ ...suite, openPlace }, name, async (first) => {
    const reopen = place?.reopen;
    if (first.backend.traits.outlives !== true || reopen === undefined) return;
    let second: BackendBench | undefined;
    const next = async (): Promise<BackendBench> => {
      await first.backend[Symbol.asyncDispose]();
      second = new BackendBench({ backend: await reopen(), store: first.store }, suite.workload, first.patienceMs);
      return second;
    };
    try {
      await check({ first, next });
    } finally {
      await second?.backend[Symbol.asyncDispose]();
    }
  });
}
