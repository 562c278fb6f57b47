import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { run } from "./child.mjs";
import { withLock } from "./lock.mjs";
import { cache, root } from "./root.mjs";
import { looksOffline, SetupError, say } from "./say.mjs";

/** The oldest Node that the packages run on. */
const FLOOR = [22, 13];

/**
 * Installs the npm packages unless node_modules already holds exactly what the lock file says.
 * @throws {SetupError} without a network, or when npm fails.
 */
export async function ensureNodeModules() {
  await withLock(join(cache, "npm.lock"), async () => {
    if (await matchesLock()) return;
    say("installing npm packages (npm ci --ignore-scripts)");
    const args = ["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"];
    const { code, output } = await run("npm", args, { capture: true }).catch((cause) => {
      throw new SetupError(`npm could not be started (${cause.message}); it comes with Node`);
    });
    if (code === 0) return;
    if (looksOffline(output)) throw new SetupError("no network: npm cannot reach its registry; connect and run again");
    throw new SetupError(`npm ci failed with exit code ${code}:\n${output.trim().split("\n").slice(-15).join("\n")}`);
  });
}

/** npm writes what it really installed into a hidden lock file, last of all: compare, do not trust time stamps. */
async function matchesLock() {
  const wanted = await packagesOf(join(root, "package-lock.json"));
  const found = await packagesOf(join(root, "node_modules", ".package-lock.json"));
  if (wanted === undefined || found === undefined) return false;
  return Object.entries(wanted).every(([path, entry]) => {
    if (path === "" || entry.optional || entry.devOptional) return true;
    return found[path]?.version === entry.version;
  });
}

async function packagesOf(file) {
  try {
    return JSON.parse(await readFile(file, "utf8")).packages;
  } catch {
    return undefined;
  }
}

/**
 * The Node that everything runs on: the one that npm installed, else this process's own where it is new enough.
 * Named by path, because a bare `node` may be the machine's older one.
 * @returns {string}
 */
export function findNode() {
  const shipped = join(root, "node_modules", ".bin", "node");
  if (existsSync(shipped)) return shipped;
  const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);
  if (major > FLOOR[0] || (major === FLOOR[0] && minor >= FLOOR[1])) return process.execPath;
  throw new SetupError(
    `Node ${FLOOR.join(".")} or newer is needed, this is ${process.versions.node}, and npm has no Node for ${process.platform}-${process.arch}`,
  );
}
