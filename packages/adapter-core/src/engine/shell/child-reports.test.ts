import { expect, it } from "vitest";
import type { EngineEvent } from "../core/event.ts";
import { ChildReports } from "./child-reports.ts";
import type { FrameReader } from "./frame-reader.ts";
import type { ShellHost } from "./host.ts";
import { type Child, JobBook } from "./job-book.ts";

const JOB = "m-1-1";

function bed(handedBack: boolean): {
  readonly child: Child;
  readonly told: EngineEvent[];
  readonly back: Child[];
  readonly reports: ChildReports;
} {
  const told: EngineEvent[] = [];
  const back: Child[] = [];
  const book = new JobBook();
  const job = book.add({ name: JOB, profile: "default" } as Parameters<JobBook["add"]>[0], [["a", "b"]]);
  const child = job.children[0] as Child;
  const reader = {
    complete: () => true,
    load: async () => () => {
      child.attempts.set(1, { read: new Set([0]), last: 0, handedBack });
    },
  } as unknown as FrameReader;
  const reports = new ChildReports({ tell: (event: EngineEvent) => told.push(event) } as unknown as ShellHost, {
    ...{ book, reader },
    find: async () => [],
    endsWithLast: true,
    onHandedBack: (one) => back.push(one),
    onChange: () => {},
  });
  return { child, told, back, reports };
}

it("tells of a child whose last frame hands tasks back, so that no other attempt runs them all again", async () => {
  const { child, told, back, reports } = bed(true);
  await reports.frame(child, { key: "k", size: 1 });
  expect(back).toEqual([child]);
  expect(told).toMatchObject([{ type: "child", change: { job: JOB, child: 0, state: "succeeded", attempt: 1 } }]);
});

it("tells of no other", async () => {
  const { child, told, back, reports } = bed(false);
  await reports.frame(child, { key: "k", size: 1 });
  expect(back).toEqual([]);
  expect(told).toHaveLength(1);
});
