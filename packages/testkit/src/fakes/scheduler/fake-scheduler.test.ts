import { describe, expect, it } from "vitest";
import { RULES_2_6_0, RULES_2_9_0 } from "./rules.ts";
import { type Answer, player, type Step } from "./script.ts";

type Untimed<S> = S extends Step ? Omit<S, "at"> : never;

/** Plays steps a second apart and returns what the last one made the scheduler send. */
function last(rules: typeof RULES_2_9_0, steps: readonly Untimed<Step>[]): Answer {
  const { play } = player(rules);
  let answer: Answer = [];
  for (const [at, step] of steps.entries()) answer = play({ at, ...step });
  return answer;
}

const a = { op: "heartbeat", worker: "a", queueSize: 1 } as const;
const b = { op: "heartbeat", worker: "b", queueSize: 1 } as const;
const submit = (task: string) => ({ op: "submit", task, client: "c" }) as const;
const cancel = (task: string) => ({ op: "cancel", task, client: "c", force: true }) as const;

describe("the fake scheduler", () => {
  it("gives each worker as many tasks as it announced, and the rest to whoever comes", () => {
    expect(last(RULES_2_9_0, [a, submit("1"), submit("2")])).toEqual([]);
    expect(last(RULES_2_9_0, [a, submit("1"), submit("2"), b])).toEqual([
      ["b", "task", "2"],
      ["b", "echo"],
    ]);
  });

  it("takes a result from the worker that holds the task, and in older releases from any", () => {
    const steps = [a, submit("1"), b, { op: "result", worker: "b", task: "1", kind: "success" } as const];
    expect(last(RULES_2_9_0, steps)).toEqual([]);
    expect(last(RULES_2_6_0, steps)).toEqual([["c", "result", "1", "success"]]);
  });

  it("puts the tasks of a worker that leaves behind all that wait", () => {
    const steps = [a, submit("1"), submit("2"), { op: "leave", worker: "a" } as const, b];
    expect(last(RULES_2_9_0, steps)).toEqual([
      ["b", "task", "2"],
      ["b", "echo"],
    ]);
  });

  it("confirms an open cancel when its worker leaves; older releases end", () => {
    const steps = [a, submit("1"), cancel("1"), { op: "leave", worker: "a" } as const];
    expect(last(RULES_2_9_0, steps)).toEqual([["c", "confirm", "1", "canceled"]]);
    expect(last(RULES_2_6_0, steps)).toBe("crashed");
  });

  it("drops a result that comes while a cancel is open", () => {
    const steps = [a, submit("1"), cancel("1"), { op: "result", worker: "a", task: "1", kind: "success" } as const];
    expect(last(RULES_2_9_0, steps)).toEqual([]);
  });
});
