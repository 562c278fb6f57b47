import { describe, expect, it } from "vitest";
import { PluginRegistry, type PluginSource } from "./plugin-registry.ts";
import { checkChecks } from "./plugin-shape.ts";

const source = (name: string): PluginSource => ({ package: name, version: "1.0.0", origin: "core" });
const backend = (name: string) => ({ name, summary: "text", defaultStore: "fs", open: () => Promise.reject() });
const runner = (name: string, order?: number) => ({ name, protocol: 1, matches: () => false, ...(order && { order }) });
const module = (parts: object) => ({ plugin: { apiVersion: 1, ...parts } });

describe("PluginRegistry", () => {
  it("finds what was taken in, runners in order", () => {
    const registry = new PluginRegistry();
    registry.add(module({ backends: [backend("local")], runners: [runner("python", 100)] }), source("a"));
    registry.add(module({ runners: [runner("node")] }), source("b"));
    expect(registry.backend("local").name).toBe("local");
    expect(registry.runners.map(({ name }) => name)).toEqual(["node", "python"]);
    expect(registry.plugins.map((plugin) => plugin.package)).toEqual(["a", "b"]);
  });

  it("names what is installed, and the closest name, for one that is not", () => {
    const registry = new PluginRegistry();
    registry.add(module({ backends: [backend("local")] }), source("a"));
    expect(() => registry.backend("batch")).toThrow(/^\[config\] backend "batch" is not installed; installed: local;/);
    expect(() => registry.backend("lcoal")).toThrow('did you mean "local"?');
    expect(() => registry.payloadStore("fs")).toThrow('payload store "fs" is not installed; installed: none');
  });

  it("refuses a plugin whole when a name is taken", () => {
    const registry = new PluginRegistry();
    registry.add(module({ backends: [backend("local")] }), source("a"));
    const twin = module({ backends: [backend("other"), backend("local")] });
    expect(() => registry.add(twin, source("b"))).toThrow(/^\[conflict\] backend local is already contributed by a/);
    expect(registry.backends.map(({ name }) => name)).toEqual(["local"]);
    const twice = module({ backends: [backend("x"), backend("x")] });
    expect(() => registry.add(twice, source("c"))).toThrow("already contributed by c");
  });

  it.each([
    [{}, /^\[config\] the module: expected an export named `plugin`/],
    [{ plugin: { apiVersion: 2 } }, /^\[incompatible\] it speaks plugin API 2, this program speaks 1/],
    [module({ backends: {} }), /backends: expected a list/],
    [module({ backends: [null] }), /backends\[0\]: expected an object, got null/],
    [module({ backends: [{ ...backend("local"), open: "no" }] }), /backends\[0\]\.open: expected a function, got "no"/],
    [module({ backends: [backend("Bad Name")] }), /backends\[0\]\.name: expected lower-case letters/],
    [module({ backends: [{ ...backend("local"), defaultStore: 3 }] }), /defaultStore: expected .*, got 3/],
    [
      module({ payloadStores: [{ name: "fs", summary: "", open: () => 1, options: [{ name: "dir", type: "path" }] }] }),
      /payloadStores\[0\]\.options\[0\]\.type: expected string, integer or boolean, got "path"/,
    ],
    [
      module({ backends: [{ ...backend("local"), checks: [] }] }),
      /backends\[0\]\.checks: expected a function, got a list/,
    ],
    [module({ checks: "no" }), /plugin\.checks: expected a function, got "no"/],
    [module({ runners: [{ ...runner("python"), protocol: 2 }] }), /^\[incompatible\] runners\[0\] \("python"\)/],
  ])("says what is wrong with the shape of %j", (exported, message) => {
    expect(() => new PluginRegistry().add(exported, source("broken"))).toThrow(message);
  });
});

describe("checkChecks", () => {
  const check = { id: "bucket:a/b", group: "S3", title: "bucket", run: async () => [] };

  it("takes a list of checks", () => {
    expect(checkChecks([check, { ...check, needs: ["credentials"], limitMs: 5 }])).toHaveLength(2);
  });

  it.each([
    [undefined, /checks: expected a list/],
    [[{ ...check, id: "Bad Id" }], /checks\[0\]\.id: expected a kebab-case word/],
    [[{ ...check, title: 3 }], /checks\[0\]\.title: expected text, got 3/],
    [[{ ...check, needs: "x" }], /checks\[0\]\.needs: expected a list of ids/],
    [[{ ...check, run: undefined }], /checks\[0\]\.run: expected a function/],
  ])("says what is wrong with %j", (given, message) => {
    expect(() => checkChecks(given)).toThrow(message);
  });
});
