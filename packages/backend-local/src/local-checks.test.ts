import { AdapterError, type RunnerRecord } from "@scaler-aws-hpc/adapter-core";
import { expect, it } from "vitest";
import { localChecks } from "./local-checks.ts";

const runner = (name: string, more: Partial<RunnerRecord> = {}): RunnerRecord => ({
  name,
  protocol: 1,
  matches: () => true,
  command: () => ({ file: `/bin/${name}`, args: [] }),
  ...more,
});
const found = async (...runners: readonly RunnerRecord[]) =>
  await Promise.all(localChecks({ runners, runnerOptions: {} }).map((check) => check.run({})));
const broken = (): never => {
  throw new AdapterError("config", "the interpreter x does not start: ENOENT; install Python");
};

it("says what starts each runner, and what it warns of", async () => {
  const warned = runner("python", { check: () => ["Python 3.9 has no cloudpickle, so tasks fail; install it"] });
  expect(await found(runner("node"), warned)).toEqual([
    [{ level: "ok", text: "starts: /bin/node" }],
    [{ level: "warning", text: "Python 3.9 has no cloudpickle, so tasks fail", fix: "install it" }],
  ]);
});

it("fails for the only runner, and warns for one of several", async () => {
  await expect(found(runner("python", { check: broken }))).rejects.toThrow(/does not start/);
  expect((await found(runner("python", { check: broken }), runner("node")))[0]).toEqual([
    { level: "warning", text: "the interpreter x does not start: ENOENT", fix: "install Python" },
  ]);
  expect(await found()).toMatchObject([[{ level: "fault" }]]);
});
