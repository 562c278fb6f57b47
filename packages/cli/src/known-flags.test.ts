import { describe, expect, it } from "vitest";
import { assertKnownFlags, type FlagShape } from "./known-flags.ts";

const FLAGS: Record<string, FlagShape> = {
  backend: { type: "option", char: "b" },
  "job-timeout-minutes": { type: "option", aliases: ["job-timeout"] },
  "aws-region": { type: "option" },
  inline: { type: "boolean", allowNo: true },
};
const check = (line: string) => () => assertKnownFlags(line.split(" "), FLAGS);

describe("assertKnownFlags", () => {
  it.each([
    "-b local --inline",
    "--backend=x",
    "--no-inline tcp://a:1",
    "--job-timeout 3",
    "-blocal",
    "--backend --odd",
    "-- --odd",
  ])("lets %s pass", (line) => {
    expect(check(line)).not.toThrow();
  });

  it.each([
    ["--bakend local", "[usage] unknown flag --bakend; did you mean --backend?"],
    ["--no-inlin", "did you mean --no-inline?"],
    ["--backend x --zzz=3", "unknown flag --zzz; see --help"],
    ["--region x", "[usage] unknown flag --region; did you mean --aws-region?"],
    ["-z", "unknown flag -z; see --help"],
    ["--no-backend", "unknown flag --no-backend"],
  ])("refuses %s", (line, message) => {
    expect(check(line)).toThrow(message);
  });
});
