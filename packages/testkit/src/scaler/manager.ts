import { delimiter, dirname, join } from "node:path";
import { ChildProgram } from "./child-program.ts";
import type { Cluster } from "./cluster.ts";
import { cliProgram, nodeProgram, releaseBin } from "./repository.ts";

/** Which manager runs, and how. */
export interface ManagerOptions {
  /** `ours` is `scaler-aws-hpc start`, `native` the release's own manager: the oracle of the client suite. @default "ours" */
  readonly kind?: "ours" | "native";
  /** Where ours runs tasks. @default "local" */
  readonly backend?: string;
  /** Further flags. Ours has `--backend` before them, native `--mode fixed`. */
  readonly args?: readonly string[];
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** Where to connect instead of the cluster itself, such as a fault proxy. */
  readonly address?: string;
  /** @default a name made of the kind */
  readonly workerManagerId?: string;
}

/**
 * Starts a worker manager against the cluster; it is not connected yet when this resolves.
 *
 * The Python that its runners find first is the release's own, so that both sides have the same cloudpickle.
 */
export async function startManager(cluster: Cluster, options: ManagerOptions = {}): Promise<ChildProgram> {
  const address = options.address ?? cluster.address;
  const bin = releaseBin(cluster.release);
  const id = options.workerManagerId ?? `testkit-${options.kind ?? "ours"}`;
  const env = {
    ...cluster.env,
    PATH: [bin, dirname(nodeProgram()), process.env["PATH"] ?? ""].join(delimiter),
    ...options.env,
  };
  if (options.kind === "native") {
    const args = ["baremetal_native", address, "-wmi", id, "--mode", "fixed", ...(options.args ?? ["-mtc", "2"])];
    const file = join(bin, "scaler_worker_manager");
    return await ChildProgram.start({ name: "native manager", file, args, env, cwd: cluster.folder });
  }
  const trust = cluster.caFile === undefined ? [] : ["--tls-ca", cluster.caFile];
  const flags = [
    "start",
    "--backend",
    options.backend ?? "local",
    "--worker-manager-id",
    id,
    ...trust,
    ...(options.args ?? []),
  ];
  return await ChildProgram.start({
    name: "scaler-aws-hpc start",
    file: nodeProgram(),
    args: [cliProgram(), ...flags, address],
    // Without it oclif looks for TypeScript sources beside the compiled commands.
    env: { NODE_ENV: "production", ...env },
    cwd: cluster.folder,
  });
}
