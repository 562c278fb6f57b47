import { expect, it } from "vitest";
import { AdapterError } from "../../contracts/adapter-error.ts";
import { again, passesInTime } from "./again.ts";
import type { ShellHost } from "./host.ts";

const out = new AdapterError("unavailable", "away");
const denied = new AdapterError("denied", "s3:GetObject");

/** A host on which time passes at once. */
function bed(): {
  readonly host: ShellHost;
  readonly waits: number[];
  readonly said: unknown[];
  readonly end: AbortController;
} {
  const waits: number[] = [];
  const said: unknown[] = [];
  const end = new AbortController();
  const host = {
    clock: { sleep: async (ms: number) => void waits.push(ms) },
    counters: { storageRetries: 0 },
    log: { warn: (message: string, fields: unknown) => said.push([message, fields]) },
    random: () => 1,
    signal: end.signal,
  } as unknown as ShellHost;
  return { host, waits, said, end };
}

/** Fails with these, one after another, and then gives 7. */
function failing(...reasons: readonly Error[]): () => Promise<number> {
  const left = [...reasons];
  return async () => {
    const reason = left.shift();
    if (reason !== undefined) throw reason;
    return 7;
  };
}

it("repeats what passes, longer and longer apart, counts it and says so once", async () => {
  const { host, waits, said } = bed();
  expect(await again(host, failing(out, out, out), { saying: "trying again" })).toBe(7);
  expect(waits).toEqual([100, 200, 400]);
  expect(said).toEqual([["trying again", { reason: "[unavailable] away" }]]);
  expect(host.counters.storageRetries).toBe(3);
});

it("throws what does not pass, uncounted, and waits for a permission only where told to", async () => {
  const { host } = bed();
  await expect(again(host, failing(denied), { saying: "" })).rejects.toBe(denied);
  await expect(again(host, failing(new TypeError("a bug")), { saying: "" })).rejects.toThrow("a bug");
  expect(host.counters.storageRetries).toBe(0);
  expect(await again(host, failing(denied), { saying: "", passes: passesInTime })).toBe(7);
});

it("ends with its signal", async () => {
  const { host, end } = bed();
  const work = async (): Promise<number> => {
    end.abort(new Error("the end"));
    throw out;
  };
  await expect(again(host, work, { saying: "" })).rejects.toThrow("the end");
});
