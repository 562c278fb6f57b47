import { expect, it } from "vitest";
import { lasting } from "../batch-emulator/index.ts";
import { BatchBed } from "./bed.ts";

it("runs a single job and tells of each state once", async () => {
  await using bed = await BatchBed.open({ emulator: { runner: { mode: "simulated", run: lasting(() => 600) } } });
  const job = await bed.submit();
  await bed.over(job);
  expect(bed.told.map(({ state, child, attempt }) => ({ state, child, attempt }))).toEqual([
    { state: "running", child: 0, attempt: 1 },
    { state: "succeeded", child: 0, attempt: 1 },
  ]);
  expect(await bed.backend.changes([job.name])).toEqual([]);
});

it("runs an array, each child once", async () => {
  await using bed = await BatchBed.open({ emulator: { runner: { mode: "simulated", run: lasting(() => 600) } } });
  const job = await bed.submit({ children: 5 });
  await bed.over(job);
  const of = (wanted: string) => bed.told.filter(({ state }) => state === wanted).map(({ child }) => child);
  expect(of("succeeded")).toEqual([0, 1, 2, 3, 4]);
  expect(of("running")).toEqual([0, 1, 2, 3, 4]);
  expect(bed.emulator.jobs()).toHaveLength(1);
});
