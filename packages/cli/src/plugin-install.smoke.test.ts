import { execFile } from "node:child_process";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, it } from "vitest";

const PROGRAM = fileURLToPath(new URL("../bin/run.js", import.meta.url));
const execute = promisify(execFile);
let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "scaler-aws-hpc-test-"));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** Runs the program with a home of its own, and a registry that does not answer. */
async function run(...args: string[]): Promise<string> {
  const { PATH } = process.env;
  const offline = {
    npm_config_registry: "http://127.0.0.1:9/",
    npm_config_fetch_retries: "0",
    npm_config_cache: join(folder, "npm"),
  };
  const env = { PATH, HOME: folder, NODE_ENV: "production", NO_COLOR: "1", ...offline };
  const { stdout, stderr } = await execute(process.execPath, [PROGRAM, ...args], { cwd: folder, env });
  return stdout + stderr;
}

const BACKEND = `import { AdapterError } from "@scaler-aws-hpc/adapter-core";
export const plugin = {
  apiVersion: 1,
  backends: [{
    name: "slow", summary: "Waits.", defaultStore: "fs",
    options: [{ name: "slow-speed", type: "integer", summary: "How slow", default: 3 }],
    open() { throw new AdapterError("unavailable", "slow is never there"); },
  }],
};
`;

/** Packs a plugin outside of any workspace. */
async function pack(name: string, source: string): Promise<string> {
  const place = join(folder, name);
  await mkdir(place);
  const manifest = {
    name,
    version: "1.2.3",
    type: "module",
    oclif: {},
    peerDependencies: { "@scaler-aws-hpc/adapter-core": "^0.1.0" },
    scalerAwsHpc: { plugin: "./plugin.js" },
  };
  await writeFile(join(place, "package.json"), JSON.stringify(manifest));
  await writeFile(join(place, "plugin.js"), source);
  await execute("npm", ["pack", "--silent", "--pack-destination", folder], { cwd: place });
  return `${name}-1.2.3.tgz`;
}

it("installs packed plugins without a network, one of them broken, and removes them again", async () => {
  const good = await pack("acme-backend-slow", BACKEND);
  const broken = await pack("acme-backend-next", "export const plugin = { apiVersion: 2 };");
  await run("plugins", "install", good);
  await run("plugins", "install", `./${broken}`);

  const list = await run("plugins");
  expect(list).toContain("acme-backend-slow 1.2.3 (user): backend slow, --slow-speed\n");
  expect(list).toContain("acme-backend-next 1.2.3 (user): broken: [incompatible] it speaks plugin API 2");
  expect(list).toContain("@scaler-aws-hpc/payload-fs 0.1.0 (core): payload store fs, --store-dir, --store-durable\n");

  expect(await run("start", "--help")).toContain("--slow-speed=<integer>");
  const shown = await run("config", "show", "--slow-speed", "9");
  expect(shown).toContain("slow-speed = 9\n");
  expect(shown.match(/^warning: plugin acme-backend-next .*$/gm)).toHaveLength(1);
  await expect(run("start", "--backend", "slow", "tcp://127.0.0.1:1")).rejects.toMatchObject({
    code: 69,
    stderr: expect.stringContaining("[unavailable] slow is never there"),
  });

  await run("plugins", "uninstall", "acme-backend-next");
  await run("plugins", "uninstall", "acme-backend-slow");
  expect(await run("plugins")).not.toContain("acme");
});

it("loads a linked folder, and one that --plugin names", async () => {
  const place = join(folder, "linked");
  await mkdir(place);
  const manifest = {
    name: "acme-linked",
    version: "0.0.1",
    type: "module",
    oclif: {},
    scalerAwsHpc: { plugin: "./plugin.js" },
  };
  await writeFile(join(place, "package.json"), JSON.stringify(manifest));
  await writeFile(join(place, "plugin.js"), "export const plugin = { apiVersion: 1, backends: [] };");
  expect(await run("config", "show", "--plugin", place)).toContain(`plugin = ${place}\n`);
  await run("plugins", "link", place, "--no-install");
  expect(await run("plugins")).toContain("acme-linked 0.0.1 (link): nothing\n");
  await run("plugins", "unlink", "acme-linked");
});
