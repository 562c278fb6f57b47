import { AdapterError, type Check, type Finding, ok, systemClock, warning } from "@scaler-aws-hpc/adapter-core";
import { expect, it } from "vitest";
import { linesOf } from "./report.ts";
import { type RunChecksOptions, runChecks } from "./run-checks.ts";

const check = (id: string, more: Partial<Check> = {}): Check => ({
  id,
  group: "Things",
  title: `thing ${id}`,
  run: async () => [ok("is there")],
  ...more,
});
const fails = (reason: unknown) => async (): Promise<never> => {
  throw reason;
};

async function run(checks: readonly Check[], more: Partial<RunChecksOptions> = {}): Promise<readonly string[]> {
  const signal = new AbortController().signal;
  const lines: string[] = [];
  for await (const outcome of runChecks(checks, { clock: systemClock, signal, ...more }))
    for (const { id, level, text, fix } of linesOf(outcome))
      lines.push(`${id} ${level}: ${text}${fix ? `; ${fix}` : ""}`);
  return lines;
}

it("gives outcomes in order, whatever ends first, and runs after what is needed", async () => {
  const seen: string[] = [];
  const slow = Promise.withResolvers<void>();
  const see = (id: string, finding: Finding): Finding => {
    seen.push(id);
    return finding;
  };
  const checks = [
    check("a", { run: async () => [await slow.promise.then(() => see("a", ok("slow")))] }),
    check("b", { needs: ["a"], run: async () => [see("b", warning("odd", "look"))] }),
    check("c", { run: async () => [see("c", ok("quick"))] }),
  ];
  setTimeout(slow.resolve, 10);
  expect(await run(checks)).toEqual(["a ok: slow", "b warning: odd; look", "c ok: quick"]);
  expect(seen).toEqual(["c", "a", "b"]);
});

it("does not run what needs something that failed, and passes over needs that nobody has", async () => {
  const checks = [
    check("a", { run: fails(new AdapterError("config", "bucket b does not exist; make it")) }),
    check("b", { needs: ["a"] }),
    check("c", { needs: ["b"] }),
    check("d", { needs: ["unknown", "e"] }),
    check("e", { needs: ["d"] }),
  ];
  expect(await run(checks)).toEqual([
    "a fault: bucket b does not exist; make it",
    "b not-checked: not checked: needs thing a",
    "c not-checked: not checked: needs thing b",
    "d ok: is there",
    "e ok: is there",
  ]);
});

it("gives up a check that does not answer, also one that does not listen", async () => {
  const never = check("a", { limitMs: 20, run: () => new Promise(() => {}) });
  expect(await run([never, check("b")])).toEqual([
    "a fault: no answer within 0.02 s; look at the network between here and there, and at proxies and firewalls",
    "b ok: is there",
  ]);
});

it("ends at once when it is told to", async () => {
  const ended = new AbortController();
  const begun = Promise.withResolvers<void>();
  const hangs = check("a", {
    run: () => {
      begun.resolve();
      return new Promise(() => {});
    },
  });
  const lines = run([hangs, check("b", { needs: ["a"] }), check("c")], { signal: ended.signal, atOnce: 1 });
  await begun.promise;
  ended.abort(new Error("stopped"));
  expect(await lines).toEqual([
    "a not-checked: not checked: interrupted",
    "b not-checked: not checked: needs thing a",
    "c not-checked: not checked: interrupted",
  ]);
});

it("makes a finding of whatever is thrown, and of nothing", async () => {
  const checks = [
    check("bug", { run: fails(new TypeError("x is not a function")) }),
    check("text", { run: fails("no") }),
    check("none", { run: async () => [] }),
    check("denied", { run: fails(new AdapterError("denied", "s3:GetObject is denied")) }),
  ];
  expect(await run(checks)).toEqual([
    "bug fault: TypeError: x is not a function; report it as a bug",
    "text fault: error: no; report it as a bug",
    "none fault: it found nothing to say, which is a bug of its plugin; report it",
    "denied fault: s3:GetObject is denied; allow it to the credentials that are used",
  ]);
});

it("tells what runs and how much is over, and bounds what runs at once", async () => {
  let most = 0;
  const progress: number[] = [];
  const checks = ["a", "b", "c", "d", "e"].map((id) =>
    check(id, { run: () => systemClock.sleep(5).then(() => [ok("x")]) }),
  );
  await run(checks, {
    atOnce: 2,
    onProgress: (running, over) => {
      most = Math.max(most, running.length);
      progress.push(over);
    },
  });
  expect(most).toBe(2);
  expect(progress.at(-1)).toBe(5);
});
