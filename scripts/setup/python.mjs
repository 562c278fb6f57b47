import { readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { run } from "./child.mjs";
import { withLock } from "./lock.mjs";
import { BENCH_ENVIRONMENTS, RELEASES, SERVICE_ENVIRONMENTS } from "./releases.mjs";
import { cache } from "./root.mjs";
import { looksOffline, SetupError, say } from "./say.mjs";

/** The variable that names the interpreter to use. */
const CHOSEN = "SCALER_AWS_HPC_PYTHON";

const CANDIDATES = ["python3", "python3.13", "python3.12", "python3.11", "python3.10"];

// ensurepip is what Debian splits off: without it `python -m venv` starts and then fails half-way.
const PROBE = `
import sys
ok = sys.version_info >= (3, 10)
try:
    import venv, ensurepip
except ImportError:
    ok = None
print("%d.%d.%d %s" % (*sys.version_info[:3], {True: "ok", False: "old", None: "no-venv"}[ok]))
`;

/**
 * Finds a Python that is 3.10 or newer and can make virtual environments.
 * @returns {Promise<{ command: string, version: string }>}
 * @throws {SetupError} naming what was found instead.
 */
async function findPython() {
  const chosen = process.env[CHOSEN];
  const seen = [];
  for (const command of chosen ? [chosen] : CANDIDATES) {
    const { code, output } = await run(command, ["-c", PROBE], { capture: true }).catch(() => ({
      code: 127,
      output: "",
    }));
    if (code !== 0) continue;
    const [version = "", verdict] = output.trim().split(" ");
    if (verdict === "ok") return { command, version };
    seen.push(`${command} is ${version}${verdict === "no-venv" ? " without venv (Debian: install python3-venv)" : ""}`);
  }
  const found = seen.length > 0 ? `found only: ${seen.join("; ")}` : `none of ${chosen ?? CANDIDATES.join(", ")} runs`;
  throw new SetupError(`Python 3.10 or newer with venv is needed; ${found}. Name one with ${CHOSEN}=/path/to/python3`);
}

/** Folder of the virtual environments, one per release. */
export const venvs = process.env.SCALER_AWS_HPC_VENVS || join(cache, "venvs");

/**
 * Makes the virtual environment of each release, once; a stamp inside says what it was made of.
 * @param {readonly string[]} releases
 * @throws {SetupError} without Python or network, or when pip fails.
 */
export async function ensureReleases(releases) {
  for (const release of releases) {
    const folder = join(venvs, release);
    const known = { ...RELEASES, ...BENCH_ENVIRONMENTS, ...SERVICE_ENVIRONMENTS };
    const packages = known[release];
    if (packages === undefined)
      throw new SetupError(`unknown release ${release}; known: ${Object.keys(known).join(", ")}`);
    await withLock(`${folder}.lock`, () => ensureVenv(folder, packages));
  }
}

async function ensureVenv(folder, packages) {
  const stamp = join(folder, "stamp.txt");
  const wanted = packages.join("\n");
  if ((await readFile(stamp, "utf8").catch(() => "")) === wanted) return;
  const python = await findPython();
  say(`installing ${packages.join(" and ")} for Python ${python.version} (virtual environment, once)`);
  await rm(folder, { recursive: true, force: true });
  await must(python.command, ["-m", "venv", folder], "python -m venv");
  const pip = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--only-binary=:all:", ...packages];
  await must(join(folder, "bin", "python"), pip, "pip install");
  await writeFile(stamp, wanted);
}

async function must(file, args, what) {
  const { code, output } = await run(file, args, { capture: true });
  if (code === 0) return;
  if (looksOffline(output)) throw new SetupError("no network: pip cannot reach PyPI; connect and run again");
  throw new SetupError(`${what} failed with exit code ${code}:\n${output.trim().split("\n").slice(-15).join("\n")}`);
}
