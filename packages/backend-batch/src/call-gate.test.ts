import type { Clock } from "@scaler-aws-hpc/adapter-core";
import { describe, expect, it } from "vitest";
import { CallGate, type CallPriority } from "./call-gate.ts";

/** A clock that moves on by itself whenever everybody sleeps. */
function fastClock(): Clock & { readonly slept: number } {
  let now = 0;
  let pending = Promise.resolve();
  return {
    now: () => now,
    get slept() {
      return now;
    },
    sleep: (ms, options) => {
      options?.signal?.throwIfAborted();
      const until = now + ms;
      pending = pending.then(async () => {
        await new Promise((resolve) => setImmediate(resolve));
        now = Math.max(now, until);
      });
      return pending;
    },
  };
}

const failing = (name: string, status: number): Error =>
  Object.assign(new Error(name), { name, $metadata: { httpStatusCode: status } });

function gate(perSecond = 10) {
  const clock = fastClock();
  let renewals = 0;
  const opened = new CallGate(clock, perSecond, () => {
    renewals += 1;
  });
  const call = <T>(run: () => Promise<T>, priority: CallPriority = "poll") =>
    opened.call({ priority, action: "batch:ListJobs", doing: "listing jobs", run });
  return { clock, opened, call, renewals: () => renewals };
}

describe("CallGate", () => {
  it("lets through no more than its rate, after one burst", async () => {
    const { clock, call } = gate(10);
    await Promise.all(Array.from({ length: 40 }, () => call(async () => undefined)));
    expect(clock.now()).toBeGreaterThanOrEqual(2_900);
    expect(clock.now()).toBeLessThan(3_500);
  });

  it("lets submits go before cancels before polls", async () => {
    const { call } = gate(1);
    const order: string[] = [];
    const note = (what: CallPriority) => call(async () => void order.push(what), what);
    await note("poll");
    await Promise.all([note("poll"), note("cancel"), note("submit"), note("poll"), note("submit")]);
    expect(order).toEqual(["poll", "submit", "submit", "cancel", "poll", "poll"]);
  });

  it("lets a question through now and then, however many submits wait", async () => {
    const { call } = gate(1);
    const order: string[] = [];
    const note = (what: CallPriority) => call(async () => void order.push(what), what);
    await Promise.all([...Array.from({ length: 60 }, () => note("submit")), note("poll"), note("poll")]);
    expect(order.indexOf("poll")).toBeLessThan(25);
    expect(order.lastIndexOf("poll")).toBeLessThan(45);
  });

  it("halves its rate when it is throttled, and recovers", async () => {
    const { opened, call, clock } = gate(16);
    let refusals = 2;
    const run = async (): Promise<string> => {
      refusals -= 1;
      if (refusals >= 0) throw failing("TooManyRequestsException", 429);
      return "done";
    };
    expect(await call(run)).toBe("done");
    expect(opened.rate).toBeLessThan(10);
    expect(opened.counters).toEqual({ calls: 3, throttled: 2 });
    await clock.sleep(20_000);
    await call(async () => undefined);
    expect(opened.rate).toBe(16);
  });

  it("repeats what may pass, a few times, and what is safe to repeat only", async () => {
    const { opened, call } = gate();
    let tries = 0;
    const run = async (): Promise<never> => {
      tries += 1;
      throw failing("ServerException", 500);
    };
    await expect(call(run)).rejects.toMatchObject({ code: "unavailable" });
    expect(tries).toBe(4);
    tries = 0;
    await expect(opened.once({ priority: "submit", run })).rejects.toMatchObject({ name: "ServerException" });
    expect(tries).toBe(1);
  });

  it("names the action that is denied, the one that AWS names first of all", async () => {
    const { call } = gate();
    const plain = failing("AccessDeniedException", 403);
    await expect(call(() => Promise.reject(plain))).rejects.toThrow(/\[denied\].*batch:ListJobs is not allowed/);
    plain.message = "User: arn:aws:sts::1:x is not authorized to perform: batch:TagResource on resource: y";
    await expect(call(() => Promise.reject(plain))).rejects.toThrow(/batch:TagResource is not allowed/);
  });

  it("renews expired credentials once in a while, and says so when that does not help", async () => {
    const { call, renewals } = gate();
    const run = async (): Promise<never> => {
      throw failing("ExpiredTokenException", 403);
    };
    await expect(call(run)).rejects.toThrow(/\[denied\].*expired/);
    expect(renewals()).toBe(1);
  });

  it("lets go of whoever waits when it is closed or the caller gives up", async () => {
    const { opened, call } = gate(1);
    await call(async () => undefined);
    const stop = new AbortController();
    const late = opened.call(
      { priority: "poll", action: "a", doing: "b", run: async () => undefined },
      { signal: stop.signal },
    );
    const reason = new Error("the caller gave up");
    stop.abort(reason);
    await expect(late).rejects.toBe(reason);
    const waiting = call(async () => undefined);
    opened.close();
    await expect(waiting).rejects.toMatchObject({ code: "unavailable" });
    await expect(call(async () => undefined)).rejects.toMatchObject({ code: "unavailable" });
  });
});
