import { existsSync, readFileSync } from "node:fs";
import { run } from "./child.mjs";
import { SetupError, say } from "./say.mjs";

/** Programs of the tests' own container engine, by the Debian package that has each; zstd packs what mmdebstrap makes. */
const PROGRAMS = { podman: "podman", runc: "runc", mmdebstrap: "mmdebstrap", zstd: "zstd" };

const SOCKETS = ["/var/run/docker.sock", "/run/podman/podman.sock"];

/**
 * Installs what the container tests start an engine of their own with, where none runs. Asked for by `npm run containers:setup`, and in CI.
 * @throws {SetupError} saying what to do, where this script cannot do it
 */
export async function ensureContainerPrograms() {
  const { DOCKER_HOST } = process.env;
  if (DOCKER_HOST || SOCKETS.some((path) => existsSync(path))) return say("a container engine is there");
  const absent = [];
  for (const [program, name] of Object.entries(PROGRAMS)) if (!(await runs(program))) absent.push(name);
  if (absent.length === 0) return say("podman and what it needs are installed");
  const what = `no container engine runs here; start docker or podman, or install ${absent.join(" ")}`;
  if (!isDebian()) throw new SetupError(what);
  if (process.getuid?.() !== 0)
    throw new SetupError(`${what} (\`sudo apt-get install ${absent.join(" ")}\`), and run as root`);
  say(`installing ${absent.join(", ")}`);
  const env = { DEBIAN_FRONTEND: "noninteractive" };
  const install = ["install", "--yes", "--quiet", "--no-install-recommends", ...absent];
  for (const args of [["update", "--quiet"], install]) {
    const { code, output } = await run("apt-get", args, { capture: true, env });
    if (code !== 0)
      throw new SetupError(`apt-get ${args[0]} failed with exit code ${code}:\n${output.trim().slice(-2_000)}`);
  }
}

async function runs(program) {
  const { code } = await run(program, ["--version"], { capture: true }).catch(() => ({ code: 127 }));
  return code === 0;
}

function isDebian() {
  const text = existsSync("/etc/os-release") ? readFileSync("/etc/os-release", "utf8") : "";
  return /^ID(?:_LIKE)?=.*(?:debian|ubuntu)/m.test(text);
}
