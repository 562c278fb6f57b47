import { expect, it } from "vitest";
import { parse, sourceFiles } from "./source-files.ts";

const CORE = "@scaler-aws-hpc/adapter-core";
const files = sourceFiles();

/** Modules of Node that open nothing: neither a socket, nor a file, nor a process. */
const PURE = ["node:assert/strict", "node:buffer", "node:crypto", "node:events", "node:util", "node:zlib"];

/** What each package may import beside its own files. A package that is not named here may import nothing. */
const MAY_IMPORT: Readonly<Record<string, readonly (string | RegExp)[]>> = {
  "adapter-core": PURE,
  "scaler-protocol": ["ws", "zeromq", /^node:/],
  "backend-local": [CORE, /^node:/],
  "payload-fs": [CORE, /^node:/],
  "backend-batch": [CORE, /^@aws-sdk\/client-(?:batch|cloudwatch-logs)$/, "@smithy/node-http-handler", /^node:/],
  "payload-s3": [CORE, "@aws-sdk/client-s3", "@smithy/node-http-handler", /^node:/],
  "runner-python": [CORE, /^node:/],
  // What it takes of the client goes into its bundle.
  "runner-node": [CORE, "@scaler-aws-hpc/client/format", /^node:/],
  // Builds images of the runner that it finds there.
  provision: [
    CORE,
    "@scaler-aws-hpc/runner-python",
    /^@aws-sdk\/client-(?:batch|cloudformation|ec2|ecr|iam|s3|service-quotas|sts)$/,
    "@oclif/core",
    "smol-toml",
    /^node:/,
  ],
  client: ["@scaler-aws-hpc/scaler-protocol", "esbuild", /^node:/],
  // The composition root of the wire. Plugins are found by oclif, by name, as everybody's are.
  cli: [CORE, "@scaler-aws-hpc/scaler-protocol", /^@oclif\/core/, "pino", "pino-pretty", "smol-toml", /^node:/],
  // The simulator drives the client through its outside.
  testkit: [/^@scaler-aws-hpc\/(?:adapter-core|client)/, "@scaler-aws-hpc/scaler-protocol", /^node:/],
};

/** What fits into none of the rules above, and why. */
const EXCEPTIONS: Readonly<Record<string, readonly string[]>> = {
  // How many processors there are and how busy they are: asked of the machine, nothing is opened.
  "adapter-core/src/engine/shell/resources.ts": ["node:os"],
  // Opens the backend that its tests are about before the emulated service.
  "testkit/src/batch/bed.ts": ["@scaler-aws-hpc/backend-batch"],
};

const allowed = (from: string, rules: readonly (string | RegExp)[]): boolean =>
  rules.some((rule) => (typeof rule === "string" ? rule === from : rule.test(from)));

it("lets dependencies point inwards only", () => {
  const wrong = files.flatMap(({ package: name, path, imports }) =>
    imports
      .filter((from) => !from.startsWith("."))
      .filter((from) => !allowed(from, [...(MAY_IMPORT[name] ?? []), ...(EXCEPTIONS[path] ?? [])]))
      .map((from) => `${path}: ${from}`),
  );
  expect(wrong).toEqual([]);
});

it("reaches no other package's files by path", () => {
  const wrong = files.flatMap(({ package: name, path, imports }) =>
    imports
      .filter((from) => from.startsWith("."))
      .map((from) => new URL(from, `file:///${path}`).pathname.slice(1))
      .filter((target) => !target.startsWith(`${name}/src/`))
      .map((target) => `${path}: ${target}`),
  );
  expect(wrong).toEqual([]);
});

it("names plugins nowhere in the program but in its package.json, and knows errors by their brand", () => {
  const named = files.filter(
    ({ package: name, imports }) =>
      name === "cli" && imports.some((from) => /^@scaler-aws-hpc\/(?:backend|payload|runner)-/.test(from)),
  );
  expect(named.map(({ path }) => path)).toEqual([]);
  const asked = files.filter(({ code }) => /instanceof (?:AdapterError|ProtocolError|CliError)\b/.test(code));
  expect(asked.map(({ path }) => path)).toEqual([]);
});

it("evaluates nothing that came from outside, and reads no pickle", () => {
  const evaluating = /\beval\s*\(|\bnew Function\b|\bcreateRequire\b|node:vm|\bunpickl|\bloads\s*\(/;
  const wrong = files.filter(({ code, imports }) => evaluating.test(code) || imports.includes("node:vm"));
  expect(wrong.map(({ path }) => path)).toEqual([]);
  const libraries = files.flatMap(({ imports }) =>
    imports.filter((from) => /pickle/i.test(from) && !from.startsWith(".")),
  );
  expect(libraries).toEqual([]);
});

it("sees what it looks for", () => {
  const { imports, code } = parse(`
    // import "a"
import { b } from "b"; /* from "c" */
import "d";
export type {
  E,
} from "e";
const f = await import("f"), g = "Date.now()"; // Date.now()
`);
  expect(imports).toEqual(["b", "d", "e", "f"]);
  expect(code).not.toContain("Date.now");
  expect(files.length).toBeGreaterThan(200);
});
