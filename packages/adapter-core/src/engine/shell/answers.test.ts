import { beforeEach, expect, it } from "vitest";
import { ManualClock } from "../../memory/manual-clock.ts";
import type { EngineEvent } from "../core/event.ts";
import type { SchedulerLink, WorkerMessage } from "../ports.ts";
import { Answers, type StoredAnswer } from "./answers.ts";
import { newCounters } from "./counters.ts";

const SILENT = { debug() {}, info() {}, warn() {}, error() {} };

let clock = new ManualClock();
let end = new AbortController();
let sent: string[] = [];
let refuses = false;
let answers = make();

function make(): Answers {
  const tell = (event: EngineEvent): void => {
    if (event.type !== "delivered") throw new Error(event.type);
    sent.push(`delivered ${event.delivery}${event.failure === undefined ? "" : `: ${event.failure}`}`);
  };
  const say = (message: WorkerMessage): void => {
    if (refuses) throw new Error("too much waits");
    if (message.type === "log") sent.push(`log ${message.text}`);
    if (message.type === "results") {
      sent.push(`results of ${message.source}: ${message.results.map(({ taskId }) => taskId).join(" ")}`);
    }
  };
  const link: SchedulerLink = {
    ...{ scheduler: "s", bufferedBytes: 0, send: say, close() {} },
    ...{ drained: async () => {}, leave: async () => {} },
  };
  const fail = (reason: Error): never => {
    throw reason;
  };
  const host = { clock, tell, fail, log: SILENT, random: () => 0, counters: newCounters(), signal: end.signal };
  return new Answers(host, { link: (_worker, session) => (session === 9 ? undefined : link) });
}

const answer = (delivery: number, rest: Partial<StoredAnswer> = {}): StoredAnswer => ({
  answer: {
    ...{ taskId: `t${delivery}`, status: "success", objectId: `o${delivery}`, objectBytes: 1 },
    profile: { seconds: 0, peakBytes: 0, cpuSeconds: 0 },
  },
  ...{ delivery, worker: "w", session: 1, source: "c", sendLogs: undefined, state: { abandoned: false } },
  ...rest,
});

beforeEach(() => {
  clock = new ManualClock();
  end = new AbortController();
  sent = [];
  refuses = false;
  answers = make();
});

it("sends a result at once when nothing is stored beside it, logs first", async () => {
  await answers.add(
    answer(1, { sendLogs: (link) => link.send({ type: "log", taskId: "t1", stream: "stdout", text: "x" }) }),
    false,
  );
  expect(sent).toEqual(["log x", "results of c: t1", "delivered 1"]);
  expect(clock.sleeping).toBe(0);
});

it("sends results together once the last of them is stored, by session and client", async () => {
  const all = [
    answers.add(answer(1), true),
    answers.add(answer(2, { source: "d" }), true),
    answers.add(answer(3, { session: 2 }), true),
    answers.add(answer(4), true),
  ];
  expect(sent).toEqual([]);
  all.push(answers.add(answer(5, { session: 9 }), false));
  await Promise.all(all);
  expect(sent.filter((line) => line.startsWith("results"))).toEqual([
    "results of c: t1 t4",
    "results of d: t2",
    "results of c: t3",
  ]);
  expect(sent.filter((line) => line.startsWith("delivered"))).toHaveLength(4);
});

it("waits two milliseconds at most, and for no more than 256", async () => {
  const first = answers.add(answer(1), true);
  await clock.advance(1);
  expect(sent).toEqual([]);
  await clock.advance(1);
  await first;
  expect(sent).toEqual(["results of c: t1", "delivered 1"]);
  for (let delivery = 2; delivery < 258; delivery++) void answers.add(answer(delivery), true);
  expect(sent.at(-1)).toBe("delivered 257");
});

it("leaves out what was abandoned while it waited, and lets go of all at the end", async () => {
  const state = { abandoned: false };
  const waiting = answers.add(answer(1, { state }), true);
  state.abandoned = true;
  await answers.add(answer(2), false);
  await waiting;
  expect(sent).toEqual(["results of c: t2", "delivered 2"]);
  const last = answers.add(answer(3, { session: 9 }), true);
  end.abort();
  await last;
  expect(sent).toHaveLength(2);
});

it("says so when a link takes no more", async () => {
  refuses = true;
  await answers.add(answer(1), false);
  expect(sent).toEqual(["delivered 1: too much waits"]);
});
