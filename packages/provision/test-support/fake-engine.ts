import { chmod, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { vi } from "vitest";

/** One call of an engine that is none. */
export interface EngineCall {
  readonly program: string;
  readonly args: readonly string[];
  readonly input: string;
  /** Files of the build's folder, with their content. */
  readonly context?: Readonly<Record<string, string>>;
  /** What other users see of the process, as `ps` shows it. */
  readonly seen: string;
}

/** Programs that stand first on the path, and write down how they were called. */
export interface FakeEngines extends AsyncDisposable {
  readonly folder: string;
  calls(): Promise<readonly EngineCall[]>;
}

const PROGRAM = (log: string, behaviour: string): string => `#!/usr/bin/env node
const { appendFileSync, existsSync, readdirSync, readFileSync, writeFileSync } = require("node:fs");
const { basename, join } = require("node:path");
const args = process.argv.slice(2);
const seen = existsSync("/proc/self/cmdline") ? readFileSync("/proc/self/cmdline", "utf8") : args.join(" ");
const call = { program: basename(process.argv[1]), args, input: readFileSync(0, "utf8"), seen };
if (args[0] === "build") {
  const folder = args.at(-1);
  const files = readdirSync(folder, { withFileTypes: true, recursive: true }).filter((entry) => entry.isFile());
  const paths = files.map((file) => join(file.parentPath ?? file.path, file.name));
  call.context = Object.fromEntries(paths.map((path) => [path.slice(folder.length + 1), readFileSync(path, "utf8").slice(0, 4000)]));
}
appendFileSync(${JSON.stringify(log)}, JSON.stringify(call) + "\\n");
const wrote = (text) => writeFileSync(args[args.indexOf("--iidfile") + 1], text);
${behaviour}
`;

/** What a working engine does: it has one image. */
export const WORKS = `
if (args[0] === "build") { console.log("STEP 1"); wrote("sha256:" + "ab".repeat(32)); }
if (args[0] === "image") console.log("sha256:" + "ab".repeat(32));
`;

/** Makes programs of these names; others of the usual ones do not work. @param behaviours JavaScript by name */
export async function fakeEngines(behaviours: Readonly<Record<string, string>>): Promise<FakeEngines> {
  const folder = await mkdtemp(join(tmpdir(), "scaler-fake-engine-"));
  const log = join(folder, "calls.jsonl");
  await writeFile(log, "");
  const down = `console.error("Cannot connect to the daemon"); process.exit(1);`;
  for (const [name, behaviour] of Object.entries({ docker: down, podman: down, finch: down, ...behaviours })) {
    await writeFile(join(folder, name), PROGRAM(log, behaviour));
    await chmod(join(folder, name), 0o755);
  }
  vi.stubEnv("PATH", `${folder}${delimiter}${process.env["PATH"]}`);
  return {
    folder,
    async calls() {
      const lines = (await readFile(log, "utf8")).split("\n").filter((line) => line !== "");
      return lines.map((line) => JSON.parse(line) as EngineCall);
    },
    async [Symbol.asyncDispose]() {
      vi.unstubAllEnvs();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
