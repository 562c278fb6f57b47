import { once } from "node:events";
import { writeFile } from "node:fs/promises";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { runServer } from "verdaccio";

/** A registry on this machine that has our packages; for all others it sends npm on to the usual one. */
export interface Registry extends AsyncDisposable {
  /** With a slash at its end. */
  readonly url: string;
  /** Where tarballs lie: `<name>/<last part of the name>-<version>.tgz`. */
  readonly storage: string;
  /** Names that were published since the last call, in order of the alphabet. */
  newlyPublished(): string[];
}

/** `/@scope%2fname`, `/name`, `/name/-/name-1.2.3.tgz`, `/-/ping` */
const OURS = /^\/(-\/|@scaler-aws-hpc(\/|%2f)|scaler-aws-hpc(-backend-fork)?([/?]|$))/i;

/**
 * @param folder for its files
 * @param usual the registry that this machine is set up with
 */
export async function startRegistry(folder: string, usual: string): Promise<Registry> {
  const storage = join(folder, "storage");
  const inner = (await runServer(await writeSettings(folder, storage))) as Server;
  const published: string[] = [];
  const server = createServer((request: IncomingMessage, response: ServerResponse) => {
    const path = request.url ?? "/";
    if (!OURS.test(path)) {
      response.writeHead(302, { location: new URL(path.slice(1), usual).href }).end();
      return;
    }
    if (request.method === "PUT")
      response.once("finish", () => {
        if (response.statusCode < 300) published.push(decodeURIComponent(path.slice(1)));
      });
    inner.emit("request", request, response);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}/`,
    storage,
    newlyPublished: () => published.splice(0).sort(),
    [Symbol.asyncDispose]: async () => {
      server.close();
      server.closeAllConnections();
    },
  };
}

/** Anybody on this machine may publish, and nothing is asked of any other registry. JSON is YAML. */
async function writeSettings(folder: string, storage: string): Promise<string> {
  const file = join(folder, "verdaccio.yaml");
  const settings = {
    storage,
    auth: { htpasswd: { file: join(folder, "htpasswd"), max_users: -1 } },
    uplinks: {},
    packages: { "**": { access: "$all", publish: "$all", unpublish: "$all" } },
    max_body_size: "100mb",
    log: { type: "file", path: join(folder, "verdaccio.log"), level: "warn", format: "json" },
    web: { enable: false },
  };
  await writeFile(file, JSON.stringify(settings));
  return file;
}
