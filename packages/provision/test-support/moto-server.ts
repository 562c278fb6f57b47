import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";

/** A moto server of this test's own. */
export interface MotoServer extends AsyncDisposable {
  readonly endpoint: string;
  /** Forgets everything that was made. */
  reset(): Promise<void>;
}

/** Starts `moto_server` on a port that it chooses. */
export async function startMotoServer(file: string): Promise<MotoServer> {
  const child = spawn(file, ["-H", "127.0.0.1", "-p", "0"], { stdio: ["ignore", "ignore", "pipe"] });
  const gone = once(child, "exit");
  const said: string[] = [];
  const lines = createInterface({ input: child.stderr });
  const endpoint = await new Promise<string>((resolve, reject) => {
    lines.on("line", (line) => {
      const [, address] = /Running on (http:\/\/127\.0\.0\.1:\d+)/.exec(line) ?? [];
      if (address !== undefined) resolve(address);
      else if (said.length < 100) said.push(line);
    });
    child.once("error", reject);
    child.once("exit", () => reject(new Error(`moto ended:\n${said.join("\n")}`)));
  });
  return {
    endpoint,
    reset: async () => {
      await fetch(`${endpoint}/moto-api/reset`, { method: "POST" });
    },
    [Symbol.asyncDispose]: async () => {
      child.kill();
      await gone;
    },
  };
}
