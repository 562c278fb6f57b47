import { mkdir, mkdtemp, readFile, readlink, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { repairCoreLink, requireCore } from "./core-link.ts";
import { installedPlugins, namedPluginFolders } from "./installed-plugins.ts";
import { brokenLine, type OclifPlugin, pluginPackages } from "./load-plugins.ts";

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "scaler-aws-hpc-test-"));
});
afterEach(() => rm(folder, { recursive: true }));

/** A plugin package on disk, as oclif reports it. */
async function makePlugin(name: string, source: string, entry: unknown = "./plugin.js"): Promise<OclifPlugin> {
  const root = join(folder, name);
  await mkdir(root);
  const pjson = { name, version: "1.0.0", type: "module", scalerAwsHpc: { plugin: entry } };
  await writeFile(join(root, "package.json"), JSON.stringify(pjson));
  await writeFile(join(root, "plugin.js"), source);
  return { name, version: "1.0.0", root, type: "user", pjson };
}

const GOOD = `export const plugin = { apiVersion: 1, runners: [{ name: "x", protocol: 1, matches: () => false }] };`;

describe("installedPlugins", () => {
  it("takes in what works and reports each that does not in one line", async () => {
    const plugins = [
      await makePlugin("good", GOOD),
      await makePlugin("newer", "export const plugin = { apiVersion: 2 };"),
      await makePlugin("throws", `throw new Error("no\\nluck");`),
      await makePlugin("syntax", "export const = 1"),
      await makePlugin("nothing", "export {};"),
      await makePlugin("outside", GOOD, "../good/plugin.js"),
      await makePlugin("unnamed", GOOD, 7),
      await makePlugin("twin", GOOD),
      await makePlugin("lacks", `import "@scaler-aws-hpc/not-there";`),
    ];
    const { registry, broken } = await installedPlugins({ dataDir: folder, getPluginsList: () => plugins });
    expect(registry.plugins.map((plugin) => plugin.package)).toEqual(["good"]);
    const lines = broken.map(brokenLine);
    const start = "warning: plugin";
    expect(lines).toEqual([
      expect.stringMatching(
        /^warning: plugin lacks 1\.0\.0 \(user\) not loaded: Cannot find package '@scaler-aws-hpc\/not-there'/,
      ),
      expect.stringContaining(`${start} newer 1.0.0 (user) not loaded: [incompatible] it speaks plugin API 2`),
      expect.stringContaining(`${start} nothing 1.0.0 (user) not loaded: [config] the module: expected an export`),
      expect.stringContaining("lies outside of its folder"),
      // Node says SyntaxError; the test runner parses with a tool of its own.
      expect.stringMatching(/^warning: plugin syntax 1\.0\.0 \(user\) not loaded: \w+Error/),
      `${start} throws 1.0.0 (user) not loaded: no`,
      expect.stringContaining("runner x is already contributed by good"),
      expect.stringContaining('its package.json has no "scalerAwsHpc"'),
    ]);
    expect(lines.join("")).not.toContain("\n");
  });

  it("loads a folder by name, and says when it is none", async () => {
    const { root } = await makePlugin("good", GOOD);
    const host = { dataDir: folder, getPluginsList: () => [] };
    const { registry, broken } = await installedPlugins(host, [root, join(folder, "absent")]);
    expect(registry.plugins).toMatchObject([{ package: "good", origin: "flag" }]);
    expect(broken).toMatchObject([
      { reason: expect.stringMatching(/^expected a folder with a package\.json, got ENOENT/) },
    ]);
  });

  it("looks only at packages that say they are plugins, the program's own first", () => {
    const plugin = (name: string, type: string, pjson: object): OclifPlugin => ({
      name,
      version: "1",
      root: "",
      type,
      pjson,
    });
    const found = [
      plugin("b", "user", { scalerAwsHpc: {} }),
      plugin("other", "user", {}),
      plugin("c", "core", { scalerAwsHpc: {} }),
      plugin("a", "link", { scalerAwsHpc: {} }),
    ];
    expect(pluginPackages(found).map((found) => found.package)).toEqual(["c", "a", "b"]);
  });
});

describe("namedPluginFolders", () => {
  it("reads the command line, else the environment", () => {
    expect(namedPluginFolders(["--plugin", "a", "--plugin=b", "--", "--plugin", "c"], {})).toEqual(["a", "b"]);
    expect(namedPluginFolders([], { SCALER_AWS_HPC_PLUGIN: "a,b" })).toEqual(["a", "b"]);
    expect(namedPluginFolders(["--plugin"], {})).toEqual([]);
  });
});

describe("the link to the core", () => {
  const manifest = async () => JSON.parse(await readFile(join(folder, "package.json"), "utf8")) as unknown;

  it("is a dependency of the plugins' folder, beside what is there", async () => {
    await requireCore(folder, "/a/core");
    expect(await manifest()).toMatchObject({
      oclif: { plugins: [] },
      dependencies: { "@scaler-aws-hpc/adapter-core": "file:/a/core" },
    });
    await writeFile(join(folder, "package.json"), JSON.stringify({ dependencies: { x: "1" } }));
    await requireCore(folder, "/b/core");
    expect(await manifest()).toEqual({ dependencies: { x: "1", "@scaler-aws-hpc/adapter-core": "file:/b/core" } });
  });

  it("is mended when the program has moved, and left alone when there is none", async () => {
    const scope = join(folder, "node_modules", "@scaler-aws-hpc");
    await repairCoreLink(folder, "/b/core");
    await mkdir(scope, { recursive: true });
    await symlink("/gone/core", join(scope, "adapter-core"));
    await repairCoreLink(folder, "/b/core");
    expect(await readlink(join(scope, "adapter-core"))).toBe("/b/core");
  });
});
