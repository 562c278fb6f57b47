import { expect, it } from "vitest";
import { unusedOptions } from "./unused-options.ts";

const settings = { backend: "batch", python: undefined, preload: undefined, onExit: "terminate" } as const;

it.each([
  [{}, true, []],
  [{ onExit: "handoff" } as const, true, []],
  [{ python: "p", preload: "m" }, false, []],
  [{ preload: "m" }, true, ["--preload: without effect with --backend batch, whose jobs run what is in their image"]],
  [{ python: "p", preload: "m" }, true, [expect.stringMatching(/^--python and --preload: without effect/)]],
  [{ onExit: "handoff" } as const, false, [expect.stringMatching(/^--on-exit handoff: without effect/)]],
])("says what has no effect: %j where jobs outlive the manager: %j", (more, outlives, expected) => {
  expect(unusedOptions({ ...settings, ...more }, { outlives })).toEqual(expected);
});
