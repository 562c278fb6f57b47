import { AdapterError, type Check, type CheckHost, ok, PluginRegistry } from "@scaler-aws-hpc/adapter-core";
import { expect, it } from "vitest";
import { resolveStartOptions, startOptions } from "../options/start-options.ts";
import { diagnose } from "./doctor.ts";

const check = (id: string, group: string, more: Partial<Check> = {}): Check => ({
  ...{ id, group, title: id, run: async () => [ok("fine")] },
  ...more,
});
const QUIET = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };

/** A registry with one backend and one store, and what they check. */
async function found(
  backend: readonly Check[] | Error | undefined,
  store: readonly Check[],
  flags: Readonly<Record<string, unknown>> = {},
) {
  const registry = new PluginRegistry();
  let closed = 0;
  let host: CheckHost | undefined;
  const open = (): never => {
    throw new Error("doctor opens nothing");
  };
  const plugin = {
    apiVersion: 1,
    backends: [
      {
        ...{ name: "toy", summary: "", defaultStore: "box", open },
        options: [{ name: "toy-size", type: "integer", summary: "Size", required: true }],
        ...(backend !== undefined && {
          checks: async (_options: unknown, given: CheckHost) => {
            host = given;
            given.defer(() => {
              closed += 1;
            });
            if (backend instanceof Error) throw backend;
            return backend;
          },
        }),
      },
    ],
    payloadStores: [{ name: "box", summary: "", open, checks: async () => store }],
    runners: [{ name: "python", protocol: 1, matches: () => true }],
    checks: async () => [check("extra", "Store")],
  };
  registry.add({ plugin }, { package: "toys", version: "1.0.0", origin: "core" });
  const plugins = { registry, broken: [{ package: "bad", version: "2", origin: "user", reason: "no luck" } as const] };
  const settings = await resolveStartOptions(startOptions(plugins), {
    flags: { backend: "toy", "toy-size": "3", ...flags },
    ...{ positional: undefined, environment: {}, workingFolder: "/nowhere", configFolder: "/nowhere" },
  });
  const { signal } = new AbortController();
  const diagnosis = await diagnose({ plugins, settings, nodeVersion: "v23.0.0", purpose: "start", log: QUIET, signal });
  const shown = diagnosis.lines.map(({ id, level, text }) => `${id} ${level} ${text}`);
  return { shown, diagnosis, closed, host };
}

it("asks store, backend and plugins for their checks, in this order, headings together", async () => {
  const { shown, closed, host } = await found(
    [check("engine", "Toy")],
    [check("box", "Store"), check("engine", "Twin")],
  );
  expect(shown.map((line) => line.split(" ").slice(0, 2).join(" "))).toEqual([
    "node warning",
    "plugins ok",
    "plugins warning",
    "settings ok",
    "start-settings fault",
    "payload-store ok",
    "backend ok",
    "box ok",
    "extra ok",
    // Of two with one id the first counts: what stands for the other is gone.
    "engine ok",
  ]);
  expect(closed).toBe(1);
  expect(host).toMatchObject({ storeName: "box", purpose: "start", profiles: [{ name: "default" }] });
});

it("says what is wrong with the settings of one, and looks at the others", async () => {
  const { shown } = await found([check("engine", "Toy")], [check("box", "Store")], { "toy-size": undefined });
  expect(shown).toContainEqual(expect.stringMatching(/^backend fault toy needs --toy-size: Size/));
  expect(shown).toContain("box ok fine");
  expect(shown.join()).not.toContain("engine");
  const thrown = await found(new AdapterError("config", "toy-size: expected 1 to 2, got 3; give less"), []);
  expect(thrown.shown).toContain("backend fault toy-size: expected 1 to 2, got 3");
});

it("takes checks by their shape, and a backend without any", async () => {
  const wrong = await found([{ id: "No Name" }] as never, []);
  expect(wrong.shown).toContainEqual(
    expect.stringMatching(/^backend fault checks\[0\]\.id: expected a kebab-case word/),
  );
  expect((await found(undefined, [])).shown).toContain("backend ok its settings are complete; it brings no checks");
});
