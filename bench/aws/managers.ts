import { existsSync } from "node:fs";
import { join } from "node:path";
import { ChildProgram, type Cluster, repositoryRoot, startManager } from "@scaler-aws-hpc/testkit";

/** Whose manager. */
export type Side = "ours" | "original";

/** What both managers are told. */
export interface ManagerSetup {
  readonly slots: number;
  readonly queue: string;
  readonly definition: string;
  readonly bucket: string;
  /** Tells the AWS SDKs where the emulators are. */
  readonly env: Readonly<Record<string, string>>;
  /** Further flags of ours. */
  readonly args?: readonly string[];
}

/** The Python that has the released Scaler and the AWS SDK; runners of both sides run on it too. */
export function benchPython(): string {
  const venvs = process.env["SCALER_AWS_HPC_VENVS"] || join(repositoryRoot(), ".cache", "venvs");
  const file = join(venvs, "2.9.0-aws", "bin", "python");
  if (!existsSync(file)) throw new Error(`${file} is not there; \`npm run bench aws\` sets it up`);
  return file;
}

/** The program that a container of this side runs. */
export function runnerOf(side: Side): string {
  if (side === "original") return join(import.meta.dirname, "original_runner.py");
  return join(repositoryRoot(), "packages", "runner-python", "python", "scaler_runner.py");
}

export async function startSide(side: Side, cluster: Cluster, setup: ManagerSetup): Promise<ChildProgram> {
  const aws = [
    ...["--job-queue", setup.queue, "--job-definition", setup.definition, "--s3-bucket", setup.bucket],
    ...["--max-concurrent-jobs", String(setup.slots)],
  ];
  if (side === "ours") {
    return await startManager(cluster, {
      backend: "batch",
      workerManagerId: "bench-ours",
      args: [...aws, ...(setup.args ?? [])],
      env: setup.env,
    });
  }
  const script = join(import.meta.dirname, "original_manager.py");
  return await ChildProgram.start({
    name: "original manager",
    file: benchPython(),
    args: [script, "aws_hpc", cluster.address, "--worker-manager-id", "bench-original", ...aws],
    env: { ...cluster.env, ...setup.env, PYTHONDONTWRITEBYTECODE: "1", PYTHONUNBUFFERED: "1" },
    cwd: cluster.folder,
  });
}
