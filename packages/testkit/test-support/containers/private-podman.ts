import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { ChildProgram, HarnessError } from "../../src/scaler/index.ts";
import { answers } from "./engine-socket.ts";
import { makePodmanFolder, removePodmanFolder } from "./podman-folder.ts";

/** A podman of these tests alone. Disposing of it ends its containers and removes its images. */
export interface PrivatePodman extends AsyncDisposable {
  readonly host: string;
  /** Lets `podman`, and whatever speaks Docker's protocol, use this one. */
  readonly env: Readonly<Record<string, string>>;
}

const READY_MS = 20_000;

/** Why none can be started here; `undefined` when one can. */
export function podmanProblem(): string | undefined {
  const none = "no container engine answers";
  if (process.platform !== "linux") return `${none}; start docker or podman`;
  const absent = ["podman", "runc"].filter((name) => spawnSync(name, ["--version"]).status !== 0);
  if (absent.length > 0) return `${none}, and ${absent.join(" and ")} to start one is not installed`;
  return process.getuid?.() === 0 ? undefined : `${none}; start docker, or podman's socket service`;
}

/**
 * Starts a socket service with settings and storage of its own, in a temporary folder.
 * @throws {HarnessError} `not-ready` with its words
 */
export async function startPrivatePodman(): Promise<PrivatePodman> {
  const folder = makePodmanFolder();
  const remove = (): void => removePodmanFolder(folder);
  // Ctrl-C ends a test run without its teardown.
  process.once("exit", remove);
  const host = `unix://${join(folder.path, "podman.sock")}`;
  const args = ["system", "service", "--time=0", host];
  const service = await ChildProgram.start({ name: "podman", file: "podman", args, env: folder.conf });
  const podman: PrivatePodman = {
    host,
    env: { ...folder.conf, DOCKER_HOST: host },
    async [Symbol.asyncDispose]() {
      await service[Symbol.asyncDispose]();
      remove();
      process.off("exit", remove);
    },
  };
  const deadline = performance.now() + READY_MS;
  while (!(await answers(host))) {
    if (service.exit === undefined && performance.now() < deadline) await sleep(50);
    else {
      const said = service.logs.tail();
      await podman[Symbol.asyncDispose]();
      throw new HarnessError("not-ready", `podman does not serve ${host}\n${said}`);
    }
  }
  return podman;
}
