import type { ClientHeartbeat } from "@scaler-aws-hpc/scaler-protocol";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { Heartbeats } from "./heartbeats.ts";

let sent: ClientHeartbeat[];
let silences: number;
let beats: Heartbeats;

beforeEach(() => {
  vi.useFakeTimers({ toFake: ["setInterval", "clearInterval", "performance"] });
  sent = [];
  silences = 0;
  beats = new Heartbeats({
    intervalMs: 2_000,
    timeoutMs: 60_000,
    send: (beat) => sent.push(beat),
    onSilence: () => {
      silences += 1;
    },
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
  expect(silences).toBe(0);
  vi.advanceTimersByTime(300_000);
  expect(silences).toBe(1);
});

it("does not take its own program's long computation for the scheduler's silence", () => {
  vi.setSystemTime(Date.now() + 1); // the fake clock moves without running timers below
  const now = performance.now();
  const clock = vi.spyOn(performance, "now").mockReturnValue(now + 120_000);
  vi.advanceTimersByTime(2_000);
  expect(silences).toBe(0);
  clock.mockRestore();
});
