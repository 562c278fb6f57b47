import { BatchEmulator } from "./emulator.ts";
import type { BatchEmulatorOptions } from "./options.ts";

/**
 * Starts AWS Batch, CloudWatch Logs and S3 on free ports of this machine. Disposing of it ends every container:
 *
 * ```ts
 * await using aws = await startBatchEmulator({ runner: { mode: "process", argv: ["python3", "runner.py"] } });
 * const client = new BatchClient({ endpoint: aws.endpoint, region: "us-east-1", credentials: ... });
 * ```
 */
export async function startBatchEmulator(options: BatchEmulatorOptions): Promise<BatchEmulator> {
  return await BatchEmulator.start(options);
}
