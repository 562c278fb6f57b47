import type { ClientHeartbeat } from "@scaler-aws-hpc/scaler-protocol";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { Heartbeats } from "./heartbeats.ts";

let sent: ClientHeartbeat[];
let losses: string[];
let beats: Heartbeats;

beforeEach(() => {
  vi.useFakeTimers({ toFake: ["setInterval", "clearInterval", "performance"] });
  sent = [];
  losses = [];
  beats = new Heartbeats({
    intervalMs: 2_000,
    timeoutMs: 60_000,
    send: (beat) => sent.push(beat),
    onLost: (why) => losses.push(why),
  });
  beats.start();
});

afterEach(() => {
  beats.stop();
  vi.useRealTimers();
});

it("sends one at once, and none while an echo is outstanding", () => {
  expect(sent).toHaveLength(1);
  vi.advanceTimersByTime(10_000);
  expect(sent).toHaveLength(1);
  beats.onEcho();
  vi.advanceTimersByTime(2_000);
  expect(sent).toHaveLength(2);
});

it("tells half the round trip, what the process uses, and where it runs", () => {
  vi.advanceTimersByTime(500);
  beats.onEcho();
  vi.advanceTimersByTime(1_500);
  expect(sent[1]).toMatchObject({ kind: "clientHeartbeat", latencyMicroseconds: 250_000 });
  expect(sent[1]?.resource.rssBytes).toBeGreaterThan(1 << 20);
  expect(sent[1]?.resource.cpuPermille).toBeLessThanOrEqual(65_535);
  expect(sent[1]?.hostname).not.toBe("");
});

it("gives the scheduler up after a minute of silence, once", () => {
  vi.advanceTimersByTime(58_000);
  expect(losses).toEqual([]);
  vi.advanceTimersByTime(300_000);
  expect(losses).toEqual(["it was silent for 60000 ms"]);
});

/** Moves the clock as a long computation does: no timer runs meanwhile. */
function compute(ms: number): Disposable {
  const began = performance.now();
  const real = performance.now.bind(performance);
  const clock = vi.spyOn(performance, "now").mockImplementation(() => real() + ms);
  expect(performance.now() - began).toBe(ms);
  return { [Symbol.dispose]: () => clock.mockRestore() };
}

it("does not take its own program's computation for the scheduler's silence", () => {
  beats.onEcho();
  using _computed = compute(50_000);
  vi.advanceTimersByTime(2_000);
  expect(sent).toHaveLength(2);
  beats.onEcho();
  vi.advanceTimersByTime(20_000);
  expect(losses).toEqual([]);
  expect(sent).toHaveLength(3);
});

it("is lost once its program computed for longer than a scheduler waits, but for what has come meanwhile", () => {
  beats.onEcho();
  using _computed = compute(120_000);
  vi.advanceTimersByTime(2_000);
  expect(losses).toEqual([]);
  expect(sent).toHaveLength(1);
  vi.advanceTimersByTime(20_000);
  expect(losses).toEqual([
    expect.stringMatching(/^this program did nothing else for 12\d000 ms, and after 60000 ms without /),
  ]);
});
