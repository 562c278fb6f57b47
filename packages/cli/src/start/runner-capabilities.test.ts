import type { RunnerRecord } from "@scaler-aws-hpc/adapter-core";
import { expect, it } from "vitest";
import { withRunnerCapabilities } from "./runner-capabilities.ts";

const python: RunnerRecord = { name: "python", protocol: 1, matches: () => true };
const node: RunnerRecord = { name: "node", protocol: 1, capability: "node", matches: () => true };
const profile = (name: string, capabilities = {}) => ({ name, slots: 1, capabilities, settings: {} });

it("advertises what the backend can run, profile by profile, and leaves what the user said", () => {
  const refuses = (runner: string, name: string): string | undefined =>
    runner === "node" && name === "gpu" ? "no image" : undefined;
  const profiles = [profile("default", { linux: -1 }), profile("gpu", { gpu: 1 }), profile("own", { node: 4 })];
  const found = withRunnerCapabilities(profiles, [python, node], { refuses });
  expect(found.map(({ capabilities }) => capabilities)).toEqual([{ node: -1, linux: -1 }, { gpu: 1 }, { node: 4 }]);
  expect(withRunnerCapabilities([profile("default")], [python, node], {})[0]?.capabilities).toEqual({ node: -1 });
  expect(withRunnerCapabilities([profile("default")], [python], {})[0]?.capabilities).toEqual({});
});
