import { existsSync } from "node:fs";
import { request } from "node:http";
import { join } from "node:path";

/** Milliseconds for an engine to answer a ping. */
const PING_MS = 5_000;

/** Whether something speaks Docker's protocol there. @param host as in DOCKER_HOST */
export function answers(host: string): Promise<boolean> {
  const target = host.startsWith("unix://")
    ? { socketPath: host.slice("unix://".length) }
    : { host: new URL(host).hostname, port: new URL(host).port };
  return new Promise((resolve) => {
    const asked = request({ ...target, path: "/_ping", timeout: PING_MS }, (answer) => {
      answer.resume();
      resolve(answer.statusCode === 200);
    });
    asked.once("timeout", () => asked.destroy());
    asked.once("error", () => resolve(false));
    asked.end();
  });
}

/** The engine that this machine runs already: DOCKER_HOST, else the usual sockets of docker and podman. */
export async function findSocket(): Promise<string | undefined> {
  const { DOCKER_HOST, XDG_RUNTIME_DIR } = process.env;
  const usual = ["/var/run/docker.sock", "/run/podman/podman.sock"];
  if (XDG_RUNTIME_DIR) usual.push(join(XDG_RUNTIME_DIR, "podman", "podman.sock"));
  const hosts = DOCKER_HOST ? [DOCKER_HOST] : usual.filter((path) => existsSync(path)).map((path) => `unix://${path}`);
  for (const host of hosts) if (await answers(host)) return host;
  return undefined;
}
