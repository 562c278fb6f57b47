import { describe, expect, it } from "vitest";
import { normaliseArgv } from "./argv.ts";
import { OPTIONS } from "./table.ts";

const normalise = (line: string): string => normaliseArgv(line.split(" "), OPTIONS).join(" ");

describe("normaliseArgv", () => {
  it.each([
    ["-mcj 3", "--max-concurrent-jobs 3"],
    ["-mcj=3 -wmi x", "--max-concurrent-jobs=3 --worker-manager-id x"],
    ["-b local", "-b local"],
    ["-b=local", "-b local"],
    ["-q=a=b", "-q a=b"],
    ["--max_concurrent_jobs=3", "--max-concurrent-jobs=3"],
    ["--name a_b", "--name a_b"],
    ["--name=a_b", "--name=a_b"],
    ["-mtc -1", "--max-task-concurrency -1"],
    ["tcp://1.2.3.4:5 -hps", "tcp://1.2.3.4:5 --hard-processor-suspend"],
    ["-xyz -", "-xyz -"],
    ["-- -mcj 3", "-- -mcj 3"],
  ])("turns %s into %s", (line, expected) => {
    expect(normalise(line)).toBe(expected);
  });

  it("keeps values with line ends whole", () => {
    expect(normaliseArgv(["-mcj=1\n2"], OPTIONS)).toEqual(["--max-concurrent-jobs=1\n2"]);
  });

  it("knows every short name of the original", () => {
    const shorts = "a b c n mcj wmi osa tts dts his pwc wtqs lp lcf ll hps gc tm it el sdc mtc wsa mw wit".split(" ");
    const known = OPTIONS.flatMap(({ short }) => (short === undefined ? [] : [short]));
    expect([...known].sort()).toEqual([...shorts].sort());
  });

  it("gives no name twice", () => {
    const names = OPTIONS.flatMap(({ name, aliases }) => [name, ...(aliases ?? [])]);
    expect(new Set(names).size).toBe(names.length);
  });
});
