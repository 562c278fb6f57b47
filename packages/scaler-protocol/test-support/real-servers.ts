import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { type AddressInfo, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connectWithRetry } from "../src/transport/connect-with-retry.ts";
import { selfSigned } from "./self-signed.ts";

/** A released object storage and scheduler, running. */
export interface RealServers extends AsyncDisposable {
  readonly storage: string;
  readonly scheduler: string;
  /** Certificate to trust, where the servers are secured. */
  readonly ca: string | undefined;
  /** Ends the storage and starts it again on its port; its objects are lost. */
  restartStorage(): Promise<void>;
}

/** The programs of a release: `SCALER_VENV_BIN` for any, else where `npm test` installs them; `undefined` where absent. */
export function programs(release: string): string | undefined {
  const venvs = process.env.SCALER_AWS_HPC_VENVS ?? join(import.meta.dirname, "..", "..", "..", ".cache", "venvs");
  const bin = process.env.SCALER_VENV_BIN ?? join(venvs, release, "bin");
  return existsSync(join(bin, "scaler_object_storage_server")) ? bin : undefined;
}

/** Starts both servers on free loopback ports and waits until they greet. */
export async function startServers(bin: string, scheme: string, backend: "ymq" | "zmq" = "ymq"): Promise<RealServers> {
  const folder = mkdtempSync(join(tmpdir(), "scaler-protocol-servers-"));
  const secure = scheme === "tls" || scheme === "wss";
  const certificate = secure ? selfSigned() : undefined;
  if (certificate !== undefined) {
    writeFileSync(join(folder, "cert.pem"), certificate.cert);
    writeFileSync(join(folder, "key.pem"), certificate.key);
  }
  const security = secure ? ["-tc", join(folder, "cert.pem"), "-tk", join(folder, "key.pem")] : [];
  const [storagePort, schedulerPort, monitorPort] = await freePorts(3);
  const address = (port: number | undefined): string => `${scheme}://127.0.0.1:${port}`;
  const env = { ...process.env, SCALER_NETWORK_BACKEND: backend };
  const running = new Set<() => Promise<void>>();

  const start = (program: string, args: string[]): (() => Promise<void>) => {
    // A group of its own: the programs start others.
    const child = spawn(join(bin, program), [...args, ...security], {
      cwd: folder,
      env,
      stdio: "ignore",
      detached: true,
    });
    const ended = new Promise<void>((resolve) => child.once("exit", () => resolve()));
    const stop = async (): Promise<void> => {
      running.delete(stop);
      try {
        if (child.pid !== undefined) process.kill(-child.pid, "SIGKILL");
      } catch {
        // It has ended by itself.
      }
      await ended;
    };
    running.add(stop);
    return stop;
  };
  const ready = async (port: number | undefined): Promise<void> => {
    const options = {
      identity: "test|ready",
      onFrame() {},
      onClose() {},
      tls: { insecure: true },
      giveUpAfterMs: 40_000,
    };
    const backoff = { baseMs: 50, maxMs: 200 };
    await (await connectWithRetry(address(port), { ...options, backoff })).close();
  };
  const startStorage = (): (() => Promise<void>) => start("scaler_object_storage_server", [address(storagePort)]);

  let stopStorage = startStorage();
  const scheduler = [address(schedulerPort), "-osa", address(storagePort), "-ma", address(monitorPort)];
  start("scaler_scheduler", scheduler);
  const servers: RealServers = {
    storage: address(storagePort),
    scheduler: address(schedulerPort),
    ca: certificate?.cert,
    async restartStorage() {
      await stopStorage();
      stopStorage = startStorage();
      await ready(storagePort);
    },
    async [Symbol.asyncDispose]() {
      await Promise.all([...running].map((stop) => stop()));
      rmSync(folder, { recursive: true, force: true });
    },
  };
  try {
    await ready(storagePort);
    await ready(schedulerPort);
  } catch (reason) {
    await servers[Symbol.asyncDispose]();
    throw reason;
  }
  return servers;
}

async function freePorts(count: number): Promise<number[]> {
  const servers = Array.from({ length: count }, () => createServer());
  const ports: number[] = [];
  for (const server of servers) {
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    ports.push((server.address() as AddressInfo).port);
  }
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  return ports;
}
