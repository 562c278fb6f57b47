import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const PREFIX = "scaler-podman-";

// Without the limits, runc inherits those of the machine and is refused where it may not raise them; the rest works without systemd.
const CONTAINERS = `[containers]
default_ulimits = ["nofile=4096:4096", "nproc=4096:4096"]
[engine]
runtime = "runc"
cgroup_manager = "cgroupfs"
events_logger = "file"
`;

/** Where a podman of our own keeps all that it has: settings, images, containers. */
export interface PodmanFolder {
  readonly path: string;
  /** Lets the command use it. */
  readonly conf: Readonly<Record<string, string>>;
}

/** Makes a folder that is this process' own. What dead processes left is removed first: one that was killed cannot do it itself. */
export function makePodmanFolder(): PodmanFolder {
  for (const name of readdirSync(tmpdir()).filter((entry) => entry.startsWith(PREFIX))) {
    const path = join(tmpdir(), name);
    if (!lives(path)) removePodmanFolder({ path, conf: confOf(path) });
  }
  const path = mkdtempSync(join(tmpdir(), PREFIX));
  const file = (name: string, text: string): void => writeFileSync(join(path, name), text);
  file("owner", String(process.pid));
  file("containers.conf", CONTAINERS);
  file("storage.conf", `[storage]\ndriver = "overlay"\nrunroot = "${path}/run"\ngraphroot = "${path}/graph"\n`);
  // A registry that a test runs speaks plain HTTP.
  file("registries.conf", '[[registry]]\nlocation = "127.0.0.1"\ninsecure = true\n');
  // Named, it must be there.
  file("auth.json", "{}");
  return { path, conf: confOf(path) };
}

function confOf(path: string): Readonly<Record<string, string>> {
  return {
    CONTAINERS_CONF: join(path, "containers.conf"),
    CONTAINERS_STORAGE_CONF: join(path, "storage.conf"),
    CONTAINERS_REGISTRIES_CONF: join(path, "registries.conf"),
    REGISTRY_AUTH_FILE: join(path, "auth.json"),
  };
}

/** Ends all containers of it and removes it. Waits for nothing but the commands, so that it can be done while a process exits. */
export function removePodmanFolder({ path, conf }: PodmanFolder): void {
  const env = { ...process.env, ...conf };
  spawnSync("podman", ["rm", "--all", "--force", "--time", "0"], { env, stdio: "ignore", timeout: 30_000 });
  // The storage stays mounted on itself, and so do layers of a build that was killed: a mount point cannot be removed.
  const lines = readFileSync("/proc/self/mounts", "utf8").split("\n");
  const points = lines.map((line) => line.split(" ")[1] ?? "").filter((point) => point.startsWith(`${path}/`));
  for (const point of points.toReversed()) spawnSync("umount", ["--lazy", point], { stdio: "ignore" });
  rmSync(path, { recursive: true, force: true });
}

function lives(path: string): boolean {
  try {
    process.kill(Number(readFileSync(join(path, "owner"), "utf8")), 0);
    return true;
  } catch {
    return false;
  }
}
