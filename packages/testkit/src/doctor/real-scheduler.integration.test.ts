import { join } from "node:path";
import { expect, it } from "vitest";
import { ChildProgram } from "../scaler/child-program.ts";
import { type Cluster, type ClusterOptions, startCluster } from "../scaler/cluster.ts";
import { cliProgram, nodeProgram, releaseBin } from "../scaler/repository.ts";

/** What `doctor --json` says of a cluster, before the backend `local` in the release's own Python. */
async function examine(cluster: Cluster, ...args: readonly string[]) {
  const trust = cluster.caFile === undefined ? [] : ["--tls-ca", cluster.caFile];
  const python = join(releaseBin(cluster.release), "python");
  const flags = ["--backend", "local", "--python", python, "--json", ...trust, ...args, cluster.address];
  await using program = await ChildProgram.start({
    name: "scaler-aws-hpc doctor",
    file: nodeProgram(),
    args: [cliProgram(), "doctor", ...flags],
    env: { NODE_ENV: "production", HOME: cluster.folder, ...cluster.env },
    cwd: cluster.folder,
  });
  const { code } = await program.exited;
  const { lines } = JSON.parse(program.stdout.text) as {
    readonly lines: readonly { readonly id: string; readonly level: string; readonly text: string }[];
  };
  const line = (id: string): string => {
    const found = lines.find((one) => one.id === id);
    return `${found?.level} ${found?.text}`;
  };
  return { code, line, logs: program.logs.tail() };
}

it.each([
  [{ release: "2.9.0" }, /^ok answers on YMQ, message numbering 2/],
  [{ release: "2.3.5" }, /^ok answers on YMQ, message numbering 1/],
  [{ release: "2.9.0", transport: "tls" }, /^ok answers on YMQ/],
  [{ release: "2.9.0", transport: "zmq" }, /^ok answers on ZeroMQ/],
] as const)(
  "finds a scheduler of %j well, learns where its storage is, and leaves nothing behind",
  async (options, says) => {
    await using cluster = await startCluster(options as ClusterOptions);
    const { code, line, logs } = await examine(cluster);
    expect(line("scheduler"), logs).toMatch(says);
    const storage = options.release === "2.9.0" && "transport" in options && options.transport === "zmq";
    expect(line("object-storage")).toMatch(
      storage ? /^ok a scheduler on ZeroMQ tells/ : new RegExp(`:${cluster.storagePort} answers on YMQ`),
    );
    expect(code).toBe(0);
    // It goes on as if nobody had been there.
    expect(cluster.scheduler.exit).toBeUndefined();
    expect(cluster.scheduler.logs.text).not.toMatch(/Traceback|ERROR/);
  },
);
