import { describe, expect, it, vi } from "vitest";
import { LiveLine } from "./live-line.ts";
import { Rate, statusText } from "./status-text.ts";

describe("LiveLine", () => {
  it("draws what changed, lets text past, and leaves the last line behind", () => {
    vi.useFakeTimers();
    try {
      const written: string[] = [];
      let text = "one";
      const line = new LiveLine({ write: (piece) => written.push(piece), columns: 20 }, () => text, 100);
      vi.advanceTimersByTime(300);
      expect(written).toEqual(["\r\u001b[2Kone"]);
      line.above("warning\n");
      expect(written.at(-1)).toBe("\r\u001b[2Kwarning\none");
      text = "a longer text than the terminal has columns";
      vi.advanceTimersByTime(100);
      expect(written.at(-1)).toBe("\r\u001b[2Ka longer text than…");
      line[Symbol.dispose]();
      expect(written.at(-1)).toBe("\n");
      const { length } = written;
      vi.advanceTimersByTime(1_000);
      line[Symbol.dispose]();
      expect(written).toHaveLength(length);
    } finally {
      vi.useRealTimers();
    }
  });
});

describe("statusText", () => {
  const status = { connected: 1, queued: 2, running: 3, done: 4, failed: 0, cancelled: 0 };

  it("tells the connection, the counts and the rate", () => {
    expect(statusText("tcp://a:1", status, 1.25, false)).toBe(
      "connected to tcp://a:1 · 2 queued · 3 running · 4 done · 1.3/s",
    );
    expect(statusText("tcp://a:1", { ...status, connected: 0, failed: 1 }, 0, false)).toMatch(
      /^connecting to .* 1 failed/,
    );
    expect(statusText("tcp://a:1", status, 120, true)).toMatch(/^draining · .* 120\/s$/);
  });

  it("tells what the backend's children do, and what was lost and taken over, where there is any", () => {
    const children = { RUNNABLE: 3, STARTING: 0, RUNNING: 97 };
    const more = { children, failures: { spot: 2, host: 0, exit: 4 }, adoptedJobs: 5, nativeRetries: 6 };
    expect(statusText("a", { ...status, ...more }, 1, false)).toMatch(
      / · 4 done · 6 restarted · 2 spot losses · 5 jobs taken over · RUNNABLE 3 RUNNING 97 · 1\.0\/s$/,
    );
  });

  it("measures over a window that moves", () => {
    const rate = new Rate(1_000);
    expect(rate.read(0, 0)).toBe(0);
    expect(rate.read(100, 500)).toBe(200);
    expect(rate.read(200, 1_000)).toBe(200);
    expect(rate.read(200, 2_000)).toBe(0);
  });
});
