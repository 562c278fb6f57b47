import { existsSync } from "node:fs";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { RUNNER_FILE } from "@scaler-aws-hpc/runner-python";
import { describe, expect, it } from "vitest";
import { fakeEngines, WORKS } from "../../test-support/fake-engine.ts";
import { DEFAULT_PYTHON, PYTHON_BASES } from "./bases.ts";
import { dockerfileOf } from "./build-context.ts";
import { buildImage } from "./build-image.ts";

const ID = `sha256:${"ab".repeat(32)}`;

describe("an image of the Python runner", () => {
  it("is built from the installed runner, by the first engine that works", async () => {
    await using engines = await fakeEngines({ podman: WORKS });
    const printed: string[] = [];
    const built = await buildImage({ tag: "my-tasks:1", onOutput: (text) => printed.push(text) });
    expect(built).toEqual({ image: "my-tasks:1", id: ID, engine: "podman" });
    expect(printed.join("")).toBe("STEP 1\n");
    const calls = await engines.calls();
    expect(calls.map(({ program, args }) => `${program} ${args[0]}`)).toEqual([
      "docker info",
      "podman info",
      "podman build",
    ]);
    const { args = [], context = {} } = calls[2] ?? {};
    const folder = args.at(-1) ?? "";
    expect(args).toEqual([
      ...["build", "--tag", "my-tasks:1", "--file", join(folder, "Dockerfile"), "--iidfile", join(folder, "image.id")],
      ...["--force-rm", "--build-arg", `BASE=${PYTHON_BASES[DEFAULT_PYTHON]}`, "--build-arg", "PYTHON=3.12", folder],
    ]);
    expect(Object.keys(context).toSorted()).toEqual(["Dockerfile", "requirements.txt", "scaler_runner.py"]);
    expect(context["requirements.txt"]).toBe("");
    expect(await readFile(RUNNER_FILE, "utf8")).toContain(context["scaler_runner.py"]);
    expect(existsSync(folder)).toBe(false);
  });

  it("takes requirements, another Python, base, network and architecture", async () => {
    await using engines = await fakeEngines({ finch: WORKS });
    const requirements = join(engines.folder, "some requirements.txt");
    await writeFile(requirements, "numpy==2.4.0\n");
    await buildImage({
      tag: "t",
      engine: "finch",
      requirements,
      python: "3.13",
      architecture: "arm64",
      network: "host",
    });
    await buildImage({ tag: "t", engine: "finch", base: "mine@sha256:00", buildBase: "other:1" });
    const [, first, , second] = await engines.calls();
    expect(first?.context?.["requirements.txt"]).toBe("numpy==2.4.0\n");
    const words = first?.args.join(" ");
    expect(words).toContain("--platform linux/arm64 --network host");
    expect(words).toContain(`--build-arg BASE=${PYTHON_BASES["3.13"]} --build-arg PYTHON=3.13 `);
    // Of a base of the user's own nothing is assumed.
    const given = second?.args.filter((_, index, all) => all[index - 1] === "--build-arg");
    expect(given).toEqual(["BASE=mine@sha256:00", "BUILD_BASE=other:1"]);
  });

  it("has the base of the Dockerfile by default", async () => {
    const text = await readFile(dockerfileOf("runner-python"), "utf8");
    expect(text).toContain(`\nARG BASE=${PYTHON_BASES[DEFAULT_PYTHON]}\n`);
  });

  it.each(["runner-python", "runner-node", "manager"] as const)(
    "pins what %s is built on, and runs as no root",
    async (kind) => {
      const text = await readFile(dockerfileOf(kind), "utf8");
      const bases = text.match(/^ARG (?:BUILD_)?BASE=.*$/gm) ?? [];
      expect(bases.length).toBe(2);
      for (const base of bases)
        expect(base).toMatch(/=(?:docker\.io\/library\/\S+:\S+@sha256:[0-9a-f]{64}|\$\{BASE\})$/);
      expect(text.match(/^USER .*$/gm)?.at(-1)).toBe("USER 10001:10001");
    },
  );
});

describe("an image of the Node runner", () => {
  it("is built of the runner that is named, with nothing of Python's", async () => {
    await using engines = await fakeEngines({ docker: WORKS });
    const runner = join(engines.folder, "any-name.cjs");
    await writeFile(runner, "the runner");
    await buildImage({ kind: "runner-node", tag: "js:1", runner, python: "3.7" });
    const { args = [], context = {} } = (await engines.calls())[1] ?? {};
    expect(args).not.toContain("--build-arg");
    expect(context).toMatchObject({ "scaler-runner.cjs": "the runner", "package.json": "{}\n" });
    expect(Object.keys(context).toSorted()).toEqual(["Dockerfile", "package.json", "scaler-runner.cjs"]);
    expect(context["Dockerfile"]).toBe(await readFile(dockerfileOf("runner-node"), "utf8"));
  });

  it("takes packages, with their lock file where there is one, and bases", async () => {
    await using engines = await fakeEngines({ docker: WORKS });
    const [runner, packageFile] = [join(engines.folder, "r.cjs"), join(engines.folder, "package.json")];
    await writeFile(runner, "");
    await writeFile(packageFile, '{"dependencies":{"sharp":"0.34.5"}}');
    const options = { kind: "runner-node", tag: "t", runner, packageFile } as const;
    await buildImage(options);
    await writeFile(join(engines.folder, "package-lock.json"), "locked");
    await buildImage({ ...options, base: "mine:1", buildBase: "with-npm:1" });
    const [, without, , locked] = await engines.calls();
    expect(without?.context).toMatchObject({ "package.json": expect.stringContaining("sharp") });
    expect(without?.context).not.toHaveProperty("package-lock.json");
    expect(locked?.context?.["package-lock.json"]).toBe("locked");
    const given = locked?.args.filter((_, index, all) => all[index - 1] === "--build-arg");
    expect(given).toEqual(["BASE=mine:1", "BUILD_BASE=with-npm:1"]);
  });
});

describe("what cannot be built", () => {
  it.each([
    [{ tag: "--privileged" }, "--tag: expected the name of an image"],
    [{ tag: "t; rm -rf /" }, "--tag: expected the name of an image"],
    [{ tag: "t", base: "-v/:/host" }, "--base: expected the name of an image"],
    [{ tag: "t", python: "3" }, "--python: expected a version as 3.12"],
    [{ tag: "t", python: "3.7" }, "--python: expected 3.9, 3.10, 3.11, 3.12, 3.13"],
    [{ tag: "t", network: "--x" }, "--network: expected the name of one"],
    [{ tag: "t", kind: "runner-node" }, "the Node runner is not there"],
    [
      { tag: "t", kind: "runner-node", runner: "/no/such/file" },
      "the Node runner's program /no/such/file is not there; in a clone `npm run build`",
    ],
    [{ tag: "t", kind: "runner-node", runner: "/no/such/file", packageFile: "/no.json" }, "--node-packages: expected"],
    [{ tag: "t", requirements: "/no/such/file" }, "--requirements: expected a file, but /no/such/file is not there"],
  ] as const)("%j is refused in words, and nothing is built", async (options, text) => {
    await using engines = await fakeEngines({ docker: WORKS });
    await expect(buildImage(options)).rejects.toMatchObject({ code: "config", message: expect.stringContaining(text) });
    expect((await engines.calls()).filter(({ args }) => args[0] === "build")).toEqual([]);
  });

  it("says which engines there are not", async () => {
    await using _engines = await fakeEngines({});
    await expect(buildImage({ tag: "t" })).rejects.toMatchObject({
      code: "unavailable",
      message: expect.stringContaining("docker: Cannot connect to the daemon; podman: Cannot connect"),
    });
    await expect(buildImage({ tag: "t", engine: "finch" })).rejects.toThrow(/needs finch, and none works here: finch:/);
  });

  it("says what the engine said", async () => {
    const fails = `if (args[0] === "build") { console.error("ERROR: exec format error"); process.exit(3); }`;
    await using _engines = await fakeEngines({ docker: fails });
    const failed = buildImage({ tag: "t" });
    await expect(failed).rejects.toThrow(
      /^\[rejected\] docker build of t failed: ERROR: exec format error; .*emulation/,
    );
  });

  it("says only the last line of what the user has seen, and tells what is out of reach from what is wrong", async () => {
    const fails = `if (args[0] === "build") { console.error("Trying to pull\\nError: initializing source: pinging container registry r: dial tcp: i/o timeout\\n"); process.exit(125); }`;
    await using _engines = await fakeEngines({ podman: fails });
    await expect(buildImage({ tag: "t", onOutput: () => undefined })).rejects.toMatchObject({
      code: "unavailable",
      message: expect.stringMatching(
        /^\[unavailable\] podman build of t failed: Error: initializing .* timeout \(its output says more\); .*--base; then the same command goes on$/,
      ),
    });
    await expect(buildImage({ tag: "t" })).rejects.toThrow(/failed: Trying to pull\nError: initializing/);
  });

  it("ends the engine when stopped, and leaves no folder", async () => {
    const waits = `if (args[0] === "build") { process.on("SIGINT", () => process.exit(130)); console.log("building"); setInterval(() => {}, 1000); }`;
    await using engines = await fakeEngines({ docker: waits });
    const stop = new AbortController();
    const onOutput = (): void => stop.abort(new Error("stopped"));
    await expect(buildImage({ tag: "t", onOutput }, { signal: stop.signal })).rejects.toThrow("stopped");
    const folder = (await engines.calls()).at(-1)?.args.at(-1) ?? "";
    expect(folder).toContain("scaler-aws-hpc-image-");
    expect(existsSync(folder)).toBe(false);
  });
});
