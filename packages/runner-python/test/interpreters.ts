import { execFile } from "node:child_process";
import { existsSync, readdirSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const run = promisify(execFile);

/** The minor versions that the runner supports. */
export const SUPPORTED = ["3.9", "3.10", "3.11", "3.12", "3.13"] as const;

const CACHE = fileURLToPath(new URL("../../../.cache/venvs/", import.meta.url));

/** One interpreter of each supported version that is at hand. */
export async function interpretersAtHand(): Promise<ReadonlyMap<string, string>> {
  const pyenv = join(homedir(), ".pyenv", "versions");
  const candidates = [
    ...SUPPORTED.map((version) => `python${version}`),
    "python3",
    ...(existsSync(pyenv) ? readdirSync(pyenv).map((name) => join(pyenv, name, "bin", "python")) : []),
  ];
  const found = new Map<string, string>();
  for (const file of candidates) {
    try {
      const { stdout } = await run(file, [
        "-c",
        "import sys; print('%d.%d' % sys.version_info[:2]); print(sys.executable)",
      ]);
      const [version = "", executable = ""] = stdout.trim().split("\n");
      if (SUPPORTED.some((supported) => supported === version) && !found.has(version)) found.set(version, executable);
    } catch {
      // Not at hand.
    }
  }
  return found;
}

/** An environment with cloudpickle and nothing else, made once; or why there is none. */
export async function bareEnvironment(
  version: string,
  interpreter: string,
): Promise<{ python: string } | { reason: string }> {
  const folder = join(CACHE, `bare-${version}`);
  const python = join(folder, "bin", "python");
  try {
    if (await imports(python, "cloudpickle")) return { python };
    await run(interpreter, ["-m", "venv", "--clear", folder], { timeout: 120_000 });
    await run(python, ["-m", "pip", "install", "-q", "cloudpickle"], { timeout: 120_000 });
    return { python };
  } catch (reason) {
    return {
      reason: `no environment with cloudpickle for Python ${version}: ${String(reason).split("\n").slice(0, 3).join(" ")}`,
    };
  }
}

/** The environment with the released Scaler that the project's scripts make, when it is there. */
export function scalerEnvironment(): string | undefined {
  const python = join(CACHE, "2.9.0", "bin", "python");
  return existsSync(python) ? python : undefined;
}

async function imports(python: string, module: string): Promise<boolean> {
  if (!existsSync(python)) return false;
  return await run(python, ["-c", `import ${module}`]).then(
    () => true,
    () => false,
  );
}
