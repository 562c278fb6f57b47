import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { pythonProgram, type Release, releaseBin } from "../../scaler/repository.ts";
import { Random } from "../../simulator/random.ts";
import { RULES_2_6_0, RULES_2_9_0, type SchedulerRules } from "./rules.ts";
import { type Answer, player, randomScript, type Step } from "./script.ts";

const SCRIPTS = 250;
const STEPS = 400;
const releases: readonly (readonly [Release, SchedulerRules])[] = [
  ["2.9.0", RULES_2_9_0],
  ["2.6.0", RULES_2_6_0],
];
/** What each kind of step must have made the scheduler send, many times. */
const PROVOKED = [
  "submit task",
  "heartbeat task",
  "cancel cancel",
  "cancel confirm",
  "balance cancel",
  "confirm task",
  "confirm confirm",
  "result result",
  "result task",
  "leave task",
  "sweep task",
  "client_gone cancel",
];

describe("the fake scheduler", () => {
  it.each(releases)("sends what the released controllers of %s send, step by step", (release, rules) => {
    const scripts = Array.from({ length: SCRIPTS }, (_, seed) => randomScript(new Random(seed), rules, STEPS));
    const real = released(release, scripts);
    const sent = new Map<string, number>();
    for (const [at, script] of scripts.entries()) {
      const { play } = player(rules);
      const answers = real[at] ?? [];
      for (const [index, step] of script.entries()) {
        const fake = normal(step, play(step));
        expect({ script: at, index, step, sent: fake }).toEqual({
          script: at,
          index,
          step,
          sent: normal(step, answers[index] ?? []),
        });
        count(sent, step, fake);
        if (fake === "crashed") break;
      }
    }
    // Scripts that provoke nothing would agree as well.
    for (const pair of PROVOKED) expect(sent.get(pair) ?? 0, pair).toBeGreaterThan(10);
  });
});

function released(release: Release, scripts: readonly Step[][]): Answer[][] {
  const output = execFileSync(join(releaseBin(release), "python"), [pythonProgram("drive_controllers.py")], {
    input: JSON.stringify(scripts),
    encoding: "utf8",
    maxBuffer: 1 << 28,
    stdio: ["pipe", "pipe", "ignore"],
  });
  return output
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as Answer[]);
}

// The released scheduler goes through a dead client's tasks, and through the workers it shuts down, in the order of a hash set.
function normal(step: Step, answer: Answer): Answer {
  if (answer === "crashed") return answer;
  if (step.op === "client_gone") return sorted(answer);
  return step.op === "shutdown" ? sorted(answer.filter((line) => line[1] === "shutdown")) : answer;
}

function sorted(lines: readonly (readonly unknown[])[]): readonly (readonly unknown[])[] {
  return lines
    .map(String)
    .sort()
    .map((line) => line.split(","));
}

function count(sent: Map<string, number>, step: Step, answer: Answer): void {
  if (answer === "crashed") return;
  for (const line of answer) {
    const pair = `${step.op} ${String(line[1])}`;
    sent.set(pair, (sent.get(pair) ?? 0) + 1);
  }
}
